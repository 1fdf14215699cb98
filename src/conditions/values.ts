/**
 * Plain values -> what CEL reads. Fields are converted when they are asked for: a view with a thousand orders costs
 * nothing to a condition that looks at the customer's traits. Whatever is missing is null.
 */
import { Age, Now, Whole } from './clock.ts'
import { type Kind, type ShapeName, shapes } from './schema.ts'

/** No more than these are looked at of a list that the shop sent, and of orders and events. */
const longestFree = 200
const longestList = 1000
/** Of a text that the shop sent no more than this is looked at. */
const longestText = 2000

type Raw = Readonly<Record<string, unknown>>

/** Free data of the shop: any field may be asked for. */
export class Bag extends Map<string, unknown> {
  readonly raw: Raw

  constructor(raw: Raw) {
    super()
    this.raw = raw
  }

  override get(key: string): unknown {
    return Object.hasOwn(this.raw, key) ? freeValue(this.raw[key]) : null
  }
}

function freeValue(value: unknown): unknown {
  if (value === undefined || value === null) return null
  if (Array.isArray(value)) return value.slice(0, longestFree).map((member) => freeValue(member))
  if (typeof value === 'object') return new Bag(value as Raw)
  if (typeof value === 'string') return value.slice(0, longestText)
  return typeof value === 'number' || typeof value === 'boolean' ? value : null
}

type ShapeClass = new (raw: Raw) => Map<string, unknown>

/** A class for each shape: CEL knows an object's type by its class. */
export const shapeClasses = Object.fromEntries(
  Object.entries(shapes).map(([name, fields]) => [name, shapeClass(fields)]),
) as Readonly<Record<ShapeName, ShapeClass>>

function shapeClass(fields: Readonly<Record<string, Kind>>): ShapeClass {
  return class extends Map<string, unknown> {
    readonly #raw: Raw

    constructor(raw: Raw) {
      super()
      this.#raw = raw
    }

    override get(key: string): unknown {
      const held = super.get(key)
      if (held !== undefined) return held
      const value = converted(fields[key], this.#raw[key])
      this.set(key, value)
      return value
    }
  }
}

function converted(kind: Kind, value: unknown): unknown {
  switch (kind) {
    case 'bag':
      return new Bag((value ?? {}) as Raw)
    case 'lines':
      return shaped('Line', value)
    case 'facts':
      return shaped('Fact', value)
    case 'texts':
      return value ?? []
    case 'count':
      return typeof value === 'number' ? BigInt(Math.round(value)) : null
    case 'time':
    case 'time?':
      return typeof value === 'number' ? new Date(value) : null
    default:
      return value ?? null
  }
}

/** A list of plain objects as objects of the shape. */
export function shaped(name: ShapeName, values: unknown): Map<string, unknown>[] {
  const Shape = shapeClasses[name]
  return ((values ?? []) as readonly Raw[]).slice(0, longestList).map((raw) => new Shape(raw))
}

/** What CEL made of it, as JSON has it. @throws Error where it is neither data nor a time */
export function plainOf(value: unknown, now: number): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Now) return new Date(now + value.shift).toISOString()
  if (value instanceof Whole) return value.at(now)
  if (value instanceof Age) return value.sign * (now - value.origin)
  if (value instanceof Bag) return value.raw
  if (Array.isArray(value)) return value.map((one) => plainOf(one, now))
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [String(key), plainOf(one, now)]))
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plainOf(one, now)]))
  throw new Error(`It gives ${Object.prototype.toString.call(value)}, which is no data.`)
}
