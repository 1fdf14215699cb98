/** Rows of a table of items -> items as they are sent. An empty cell says nothing: what is stored stays. */
import { fieldsIn, indexOfField } from './columns.ts'
import { audienceOf, categoryPath, flagOf, listOf, priceOf, stockOf, timeOf } from './item-values.ts'
import type { Mapping } from './mapping.ts'
import { parseDecimal } from './values.ts'

const texts = ['title', 'text', 'image', 'url', 'group', 'currency'] as const

/** A reader of rows by `mapping`; the item is not yet checked. */
export function itemReader(mapping: Mapping): (fields: readonly string[]) => Record<string, unknown> {
  const id = indexOfField(mapping, 'id')
  const single = new Map(
    mapping.columns.flatMap(({ field, index }) => (field === null ? [] : [[field, index] as const])),
  )
  const all = (field: string) => mapping.columns.filter((column) => column.field === field).map(({ index }) => index)
  const categories = all('categories')
  const names = all('names')
  const attributes = fieldsIn(mapping, 'attributes')

  return (fields) => {
    const item: Record<string, unknown> = { id: fields[id].trim() }
    const text = (field: string) => {
      const index = single.get(field)
      return index === undefined ? '' : fields[index].trim()
    }
    const put = (field: string, convert: (text: string) => unknown) => {
      const given = text(field)
      if (given !== '') item[field] = convert(given)
    }
    for (const field of texts) put(field, (given) => (field === 'currency' ? given.toUpperCase() : given))
    put('stock', stockOf)
    put('hidden', flagOf)
    put('audience', audienceOf)
    put('availableFrom', timeOf)
    put('availableUntil', timeOf)
    put('deliveryDays', (given) => parseDecimal(given) ?? given)
    putMoney(item, text)
    putLists(item, fields, categories, names)
    putAttributes(item, fields, attributes)
    return item
  }
}

function putMoney(item: Record<string, unknown>, text: (field: string) => string): void {
  for (const field of ['price', 'cost'] as const) {
    const given = text(field)
    if (given === '') continue
    const { price, currency } = priceOf(given)
    item[field] = price
    if (currency !== undefined) item.currency ??= currency
  }
}

function putLists(
  item: Record<string, unknown>,
  fields: readonly string[],
  categories: readonly number[],
  names: readonly number[],
): void {
  const inCategories = categories.flatMap((index) => listOf(fields[index])).flatMap(categoryPath)
  if (inCategories.length > 0) item.categories = [...new Set(inCategories)]
  const further = names.flatMap((index) => listOf(fields[index]))
  if (further.length > 0) item.names = [...new Set(further)]
}

function putAttributes(
  item: Record<string, unknown>,
  fields: readonly string[],
  columns: readonly { name: string; index: number }[],
): void {
  const attributes: [string, unknown][] = []
  for (const { name, index } of columns) {
    const text = fields[index].trim()
    if (text !== '') attributes.push([name, text.includes('|') ? listOf(text) : text])
  }
  if (attributes.length > 0) item.attributes = Object.fromEntries(attributes)
}
