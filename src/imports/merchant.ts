/**
 * Google Merchant product data (the product data specification; attributes in XML as `g:...`, in TSV as columns) ->
 * items. What the specification has and an item has not becomes an attribute, or is left out (shipping, tax).
 */
import { categoryPath, flagOf, priceOf, stockOf, timeOf } from './item-values.ts'

/** Attribute names without `g:`, separators and case -> their values in order. */
export type MerchantRecord = ReadonlyMap<string, readonly string[]>

/** Kept as attributes, under the specification's names. */
const attributeNames: readonly string[] = [
  'brand',
  'mpn',
  'condition',
  'color',
  'size',
  'size_type',
  'size_system',
  'gender',
  'age_group',
  'material',
  'pattern',
  'energy_efficiency_class',
  'unit_pricing_measure',
  'product_highlight',
  'custom_label_0',
  'custom_label_1',
  'custom_label_2',
  'custom_label_3',
  'custom_label_4',
]

/** The form in which names are compared: `g:image link`, `image_link` and `imageLink` are one. */
export function merchantName(name: string): string {
  return name
    .toLowerCase()
    .replace(/^g:/, '')
    .replaceAll(/[\s_-]+/g, '')
}

/** Do these columns belong to a Merchant feed? */
export function isMerchantHeader(header: readonly string[]): boolean {
  const names = new Set(header.map(merchantName))
  const telling = ['link', 'imagelink', 'availability', 'googleproductcategory', 'itemgroupid', 'gtin', 'saleprice']
  return names.has('id') && telling.filter((name) => names.has(name)).length >= 2
}

/** The item, not yet checked. `now` decides whether a sale price with dates is in effect. */
export function merchantItem(record: MerchantRecord, now: number): Record<string, unknown> {
  const first = (name: string) =>
    record
      .get(name)
      ?.find((value) => value.trim() !== '')
      ?.trim()
  const item: Record<string, unknown> = { id: first('id') }
  const put = (field: string, value: unknown) => {
    if (value !== undefined) item[field] = value
  }
  const converted = (name: string, convert: (text: string) => unknown) => {
    const text = first(name)
    return text === undefined ? undefined : convert(text)
  }
  put('title', first('title'))
  put('text', first('description'))
  put('url', first('link'))
  put('image', first('imagelink'))
  put('group', first('itemgroupid'))
  put('stock', converted('availability', stockOf))
  put('availableUntil', converted('expirationdate', timeOf))
  if (flagOf(first('adult') ?? '') === true) item.audience = 'adult'
  putPrice(item, first, now)
  putCategories(item, record)
  const names = (record.get('gtin') ?? []).map((gtin) => gtin.replaceAll(/[\s-]/g, '')).filter((gtin) => gtin !== '')
  if (names.length > 0) item.names = [...new Set(names)]
  putAttributes(item, record)
  return item
}

function putPrice(item: Record<string, unknown>, first: (name: string) => string | undefined, now: number): void {
  const sale = first('saleprice')
  const given = sale !== undefined && inEffect(first('salepriceeffectivedate'), now) ? sale : first('price')
  if (given !== undefined) Object.assign(item, priceOf(given))
  const cost = first('costofgoodssold')
  if (cost !== undefined) item.cost = priceOf(cost).price
}

/** `2025-03-01T13:00-0800/2025-03-11T15:30-0800`; without dates always. */
function inEffect(interval: string | undefined, now: number): boolean {
  if (interval === undefined) return true
  const [from, until] = interval.split('/').map((text) => Date.parse(timeOf(text)))
  return now >= from && now < until
}

function putCategories(item: Record<string, unknown>, record: MerchantRecord): void {
  const own = (record.get('producttype') ?? []).filter((path) => path.trim() !== '')
  // Google's own taxonomy serves where the shop's is absent, unless it comes as a number.
  const paths =
    own.length > 0 ? own : (record.get('googleproductcategory') ?? []).filter((path) => !/^\s*\d*\s*$/.test(path))
  if (paths.length > 0) item.categories = [...new Set(paths.flatMap(categoryPath))]
}

function putAttributes(item: Record<string, unknown>, record: MerchantRecord): void {
  const attributes: [string, unknown][] = []
  for (const name of attributeNames) {
    const values = (record.get(merchantName(name)) ?? []).map((value) => value.trim()).filter((value) => value !== '')
    if (values.length > 0) attributes.push([name, values.length === 1 ? values[0] : values])
  }
  if (attributes.length > 0) item.attributes = Object.fromEntries(attributes)
}
