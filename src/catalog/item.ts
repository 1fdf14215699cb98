/**
 * An item as the API knows it: one schema gives the type, the check at the door, the HTTP reference and the sentence
 * in an error. What a field's `description` says after the dash is what an error says was expected.
 */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { HabitueError } from '../errors.ts'
import { isCurrency } from './money.ts'
import { parseTime } from './time.ts'

const text = (maxLength: number, description: string) =>
  Type.Optional(Type.Union([Type.String({ maxLength }), Type.Null()], { description }))
const number = (maximum: number, description: string) =>
  Type.Optional(Type.Union([Type.Number({ minimum: 0, maximum }), Type.Null()], { description }))
const integer = (maximum: number, description: string) =>
  Type.Optional(Type.Union([Type.Integer({ minimum: 0, maximum }), Type.Null()], { description }))

export const AttributeValue = Type.Union([
  Type.String({ maxLength: 2000 }),
  Type.Number(),
  Type.Boolean(),
  Type.Array(Type.String({ maxLength: 2000 }), { maxItems: 100 }),
])
export type AttributeValue = Type.Static<typeof AttributeValue>

const id = Type.String({
  minLength: 1,
  maxLength: 512,
  description: 'The shop’s own id — a text of 1 to 512 characters',
})

const fields = {
  title: text(500, 'What people call it — a text of at most 500 characters'),
  text: text(20_000, 'A description for people — a text of at most 20,000 characters'),
  categories: Type.Optional(
    Type.Union([Type.Array(Type.String({ minLength: 1, maxLength: 300 }), { maxItems: 100 }), Type.Null()], {
      description: 'The categories it is in — a list of at most 100 texts of 1 to 300 characters',
    }),
  ),
  attributes: Type.Optional(
    Type.Union([Type.Record(Type.String({ maxLength: 200 }), AttributeValue), Type.Null()], {
      description: 'Further properties by name — an object whose values are texts, numbers, booleans or lists of texts',
    }),
  ),
  price: number(1e11, 'Decimal, in `currency` — a number from 0 to 100,000,000,000'),
  currency: text(3, 'ISO 4217; without it the shop’s own — three capital letters such as EUR'),
  cost: number(1e11, 'What it costs the shop, in `currency`; never shown — a number from 0 to 100,000,000,000'),
  stock: integer(1e9, 'How many are left; absent = sellable — a whole number from 0 to 1,000,000,000'),
  audience: text(5, 'From which age it may be shown — "all", "adult" or an age such as "16"'),
  image: text(2000, 'Address of a picture — a text of at most 2,000 characters'),
  url: text(2000, 'Address of its page — a text of at most 2,000 characters'),
  availableFrom: text(40, 'Not sellable before — a time in ISO 8601 such as 2025-03-01T00:00:00Z'),
  availableUntil: text(40, 'Not sellable from then on — a time in ISO 8601 such as 2025-03-01T00:00:00Z'),
  deliveryDays: integer(1000, 'Days until it arrives — a whole number from 0 to 1,000'),
  group: text(
    200,
    'The product of which it is a variant; a list shows one of a group — a text of at most 200 characters',
  ),
  names: Type.Optional(
    Type.Union([Type.Array(Type.String({ minLength: 1, maxLength: 512 }), { maxItems: 100 }), Type.Null()], {
      description:
        'Further identifiers (sku, variant id, barcode) by which events may name it — a list of at most 100 texts of 1 to 512 characters',
    }),
  ),
  hidden: Type.Optional(
    Type.Union([Type.Boolean(), Type.Null()], { description: 'True = never recommended — true or false' }),
  ),
}

/** An item as it is sent. An absent field is unknown (or, in a merge, kept); null clears. */
export const Item = Type.Object({ id, ...fields }, { additionalProperties: false })
export type Item = Type.Static<typeof Item>

/** A change of some fields of an item; null clears. */
export const ItemPatch = Type.Object(fields, { additionalProperties: false })
export type ItemPatch = Type.Static<typeof ItemPatch>

const { cost: _cost, ...shown } = fields
/** An item as it is shown: without its cost, with what only the engine knows. */
export const ItemView = Type.Object({
  id,
  ...shown,
  provisional: Type.Optional(Type.Boolean({ description: 'True = seen in events only, not yet described.' })),
  updated: Type.String({ description: 'When its description last changed, ISO 8601.' }),
})
export type ItemView = Type.Static<typeof ItemView>

const itemCheck = Compile(Item)
const patchCheck = Compile(ItemPatch)

/**
 * Checks one item from outside and returns it as it will be kept: texts normalised to NFC and trimmed, lists without
 * repeats, times in one form.
 * @throws HabitueError invalid_item, with the field, what was got and what was expected
 */
export function parseItem(input: unknown): Item {
  if (!itemCheck.Check(input)) throw explain(input, itemCheck.Errors(input), Item.properties)
  return { id: clean('id', input.id), ...parseFields(input, input.id) } as Item
}

/** As `parseItem`, for some fields of the item `of`. @throws HabitueError invalid_item */
export function parsePatch(input: unknown, of: string): ItemPatch {
  if (!patchCheck.Check(input)) throw explain(input, patchCheck.Errors(input), ItemPatch.properties, of)
  return parseFields(input, of)
}

function parseFields(input: ItemPatch, of: string): ItemPatch {
  const result: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(input)) {
    if (field === 'id' || value === undefined) continue
    result[field] = value === null ? null : normalise(field, value, of)
  }
  const item = result as ItemPatch
  if (item.availableFrom && item.availableUntil && item.availableFrom >= item.availableUntil) {
    throw invalid('availableUntil', item.availableUntil, 'a time after availableFrom', of)
  }
  return item
}

function normalise(field: string, value: unknown, of: string): unknown {
  if (typeof value === 'string') return normaliseText(field, value, of)
  if (Array.isArray(value)) return [...new Set(value.map((entry) => clean(field, entry, of)))].filter((e) => e !== '')
  if (field !== 'attributes') return value
  const attributes: [string, unknown][] = Object.entries(value as Record<string, AttributeValue>).map(([name, v]) => [
    clean(field, name, of),
    typeof v === 'string' ? clean(field, v, of) : Array.isArray(v) ? v.map((entry) => clean(field, entry, of)) : v,
  ])
  if (attributes.length > 200) throw invalid(field, `${attributes.length} attributes`, 'at most 200', of)
  // Sorted, so that the same attributes are the same text in the database.
  return Object.fromEntries(attributes.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function normaliseText(field: string, value: string, of: string): string | null {
  const cleaned = clean(field, value, of)
  if (cleaned === '') return null
  if (field === 'currency' && !isCurrency(cleaned)) throw invalid(field, value, expected(field), of)
  if (field === 'audience' && !isAudience(cleaned)) throw invalid(field, value, expected(field), of)
  if (field !== 'availableFrom' && field !== 'availableUntil') return cleaned
  const time = parseTime(cleaned)
  if (time === null) throw invalid(field, value, expected(field), of)
  return new Date(time).toISOString()
}

/** NUL and lone surrogates cannot be stored by PostgreSQL; other controls but tab and line ends have no place in a text. */
function clean(field: string, value: string, of?: string): string {
  if (!value.isWellFormed()) throw invalid(field, value.toWellFormed(), 'well-formed Unicode (no lone surrogate)', of)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(value)) throw invalid(field, value, 'a text without control characters', of)
  const result = value.normalize('NFC').trim()
  if (field === 'id' && result === '') throw invalid(field, value, expected(field), of)
  return result
}

/** `all`, `adult`, or the least age as a whole number. */
export function isAudience(value: string): boolean {
  return value === 'all' || value === 'adult' || /^(\d|1\d|2[01])$/.test(value)
}

/** The age from which an item of this audience rating may be shown. */
export function leastAge(audience: string): number {
  return audience === 'all' ? 0 : audience === 'adult' ? 18 : Number(audience)
}

interface CheckError {
  readonly instancePath: string
  readonly keyword: string
  readonly params: unknown
}

function explain(
  input: unknown,
  errors: readonly CheckError[],
  properties: Readonly<Record<string, unknown>>,
  of?: string,
): HabitueError {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return new HabitueError('invalid_item', `The item is ${show(input)}; expected an object with an "id".`, {})
  }
  const item = input as Record<string, unknown>
  const name = of ?? (typeof item.id === 'string' ? item.id : undefined)
  const unknown = Object.keys(item).find((field) => !(field in properties))
  if (unknown !== undefined) {
    const known = `one of ${Object.keys(properties).join(', ')}; other properties belong in "attributes"`
    return invalid(unknown, item[unknown], known, name)
  }
  const field = errors[0]?.instancePath.split('/')[1] || 'id'
  return invalid(field, item[field], expected(field), name)
}

function expected(field: string): string {
  const schema = Item.properties[field as keyof typeof Item.properties] as { description?: string } | undefined
  return schema?.description?.split(' — ')[1] ?? 'a field that items have'
}

function invalid(field: string, got: unknown, wanted: string, of?: string): HabitueError {
  const whose = of === undefined ? 'An item' : `The item ${show(of)}`
  return new HabitueError('invalid_item', `${whose} has "${field}" = ${show(got)}; expected ${wanted}.`, {
    item: of,
    field,
    expected: wanted,
  })
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  const shown = (JSON.stringify(value) ?? String(value)).toWellFormed()
  return shown.length > 80 ? `${shown.slice(0, 77)}...` : shown
}
