/** The arrays behind the catalogue in memory, by internal item id: 50 bytes an item. */

export const KNOWN = 1
export const HIDDEN = 2
export const PROVISIONAL = 4

export interface Columns {
  flags: Uint8Array
  /** Minor units; NaN = unknown. */
  price: Float64Array
  /** -1 = not counted, always sellable. */
  stock: Int32Array
  from: Float64Array
  until: Float64Array
  /** Interned; -1 = no variant of anything. */
  group: Int32Array
  /** The item that it turned out to be, mostly itself. */
  canonical: Int32Array
  /** Least age of its own rating; 255 = none stated. */
  age: Uint8Array
  created: Float64Array
}

/** Arrays of `capacity`, holding what `old` holds. */
export function allocate(capacity: number, old?: Columns): Columns {
  const grow = <T extends Uint8Array | Int32Array | Float64Array>(array: T, from: T | undefined): T => {
    if (from) array.set(from)
    return array
  }
  return {
    flags: grow(new Uint8Array(capacity), old?.flags),
    price: grow(new Float64Array(capacity), old?.price),
    stock: grow(new Int32Array(capacity), old?.stock),
    from: grow(new Float64Array(capacity), old?.from),
    until: grow(new Float64Array(capacity), old?.until),
    group: grow(new Int32Array(capacity), old?.group),
    canonical: grow(new Int32Array(capacity), old?.canonical),
    age: grow(new Uint8Array(capacity), old?.age),
    created: grow(new Float64Array(capacity), old?.created),
  }
}
