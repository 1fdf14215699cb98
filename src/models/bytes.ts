/**
 * The flat form of every trained model: a short header, a JSON directory, then the arrays, each aligned to 16 bytes so
 * that a reader may view them in place.
 *
 *   0  4  magic "HBTM"
 *   4  4  u32 format of this container, now 1
 *   8  4  u32 length of the directory in bytes
 *  12  4  u32 version of the kind's own contents
 *  16  8  f64 length of the whole in bytes
 *  24     directory (UTF-8 JSON): { kind, meta, sections: [{ name, type, offset, length }] }, then the sections
 *
 * Numbers are little-endian, as on every machine that Node 24 supports.
 */
const MAGIC = 0x4d544248
const FORMAT = 1
const HEADER = 24
const ALIGN = 16

const arrayTypes = {
  u8: Uint8Array,
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
} as const

type ArrayType = keyof typeof arrayTypes
export type ModelArray = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array

interface Section {
  readonly name: string
  readonly type: ArrayType
  readonly offset: number
  readonly length: number
}

interface Directory {
  readonly kind: string
  readonly meta: Record<string, unknown>
  readonly sections: readonly Section[]
}

export interface UnpackedModel {
  readonly kind: string
  /** Whatever the kind stored that is not an array: options, reports. */
  readonly meta: Record<string, unknown>
  has(name: string): boolean
  /** @throws RangeError where the bytes hold no such section or one of another element type. */
  f32(name: string): Float32Array
  f64(name: string): Float64Array
  i32(name: string): Int32Array
  i16(name: string): Int16Array
  u8(name: string): Uint8Array
}

/** Packs `arrays` and JSON-able `meta` under the kind's name and version. */
export function packModel(
  kind: string,
  version: number,
  meta: Record<string, unknown>,
  arrays: Readonly<Record<string, ModelArray>>,
): Uint8Array {
  const entries = Object.entries(arrays)
  const place = (start: number): Section[] => {
    let offset = start
    return entries.map(([name, array]) => {
      const section = { name, type: typeOf(array), offset, length: array.length }
      offset = aligned(offset + array.byteLength)
      return section
    })
  }
  // The directory holds offsets that follow from its own length: place once with wide offsets to learn an upper bound.
  const widest = directoryBytes({ kind, meta, sections: place(9e15) }).length
  const sections = place(aligned(HEADER + widest))
  const directory = directoryBytes({ kind, meta, sections })
  const last = sections.at(-1)
  const total = last ? last.offset + last.length * arrayTypes[last.type].BYTES_PER_ELEMENT : aligned(HEADER + widest)
  const bytes = new Uint8Array(total)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, FORMAT, true)
  view.setUint32(8, directory.length, true)
  view.setUint32(12, version, true)
  view.setFloat64(16, total, true)
  bytes.set(directory, HEADER)
  entries.forEach(([, array], i) => {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), sections[i].offset)
  })
  return bytes
}

/** The kind of model that `bytes` hold. @throws RangeError where they are not a model's or are cut off. */
export function kindOf(bytes: Uint8Array): string {
  return readDirectory(bytes).kind
}

/**
 * Opens what `packModel` wrote; arrays are views into `bytes` where alignment allows, copies otherwise.
 * @throws RangeError on bytes of another kind, another version (it is trained anew), or a wrong length.
 */
export function unpackModel(bytes: Uint8Array, kind: string, version: number): UnpackedModel {
  const directory = readDirectory(bytes)
  if (directory.kind !== kind) throw new RangeError(`expected a model of kind ${kind}, got ${directory.kind}`)
  const written = new DataView(bytes.buffer, bytes.byteOffset).getUint32(12, true)
  if (written !== version) throw new RangeError(`${kind} model has version ${written}; this program reads ${version}`)
  const find = (name: string, type: ArrayType): Section => {
    const section = directory.sections.find((s) => s.name === name && s.type === type)
    if (!section) throw new RangeError(`${kind} model holds no section ${name} of type ${type}`)
    return section
  }
  const open = <T extends ModelArray>(
    name: string,
    type: ArrayType,
    make: { new (buffer: ArrayBufferLike, offset: number, length: number): T; readonly BYTES_PER_ELEMENT: number },
  ): T => {
    const { offset, length } = find(name, type)
    const start = bytes.byteOffset + offset
    if (start % make.BYTES_PER_ELEMENT === 0) return new make(bytes.buffer, start, length)
    const copy = bytes.slice(offset, offset + length * make.BYTES_PER_ELEMENT)
    return new make(copy.buffer, copy.byteOffset, length)
  }
  return {
    kind,
    meta: directory.meta,
    has: (name) => directory.sections.some((section) => section.name === name),
    f32: (name) => open(name, 'f32', Float32Array),
    f64: (name) => open(name, 'f64', Float64Array),
    i32: (name) => open(name, 'i32', Int32Array),
    i16: (name) => open(name, 'i16', Int16Array),
    u8: (name) => open(name, 'u8', Uint8Array),
  }
}

function readDirectory(bytes: Uint8Array): Directory {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < HEADER || view.getUint32(0, true) !== MAGIC) throw new RangeError('these bytes are not a model')
  const format = view.getUint32(4, true)
  if (format > FORMAT) throw new RangeError(`model container has format ${format}; this program reads up to ${FORMAT}`)
  const expected = view.getFloat64(16, true)
  if (expected !== bytes.length) throw new RangeError(`model should be ${expected} bytes long, got ${bytes.length}`)
  // Copied first: TextDecoder refuses views of shared memory.
  const text = new TextDecoder().decode(Uint8Array.from(bytes.subarray(HEADER, HEADER + view.getUint32(8, true))))
  return JSON.parse(text) as Directory
}

function directoryBytes(directory: Directory): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(directory))
}

function typeOf(array: ModelArray): ArrayType {
  for (const [type, make] of Object.entries(arrayTypes)) if (array instanceof make) return type as ArrayType
  throw new TypeError('a model stores typed arrays of 8, 16 and 32 bit integers and floats only')
}

function aligned(offset: number): number {
  return Math.ceil(offset / ALIGN) * ALIGN
}
