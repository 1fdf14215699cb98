/** Where arrays lie in a memory that kernels see. Kernels allocate nothing: the host lays out every offset beforehand. */

/** The control block (see wasm/control.ts) takes the first bytes of every memory. */
const CONTROL_BYTES = 128
const ALIGN = 64
const PAGE = 65536
const LARGEST = 65536 * PAGE

/** Hands out offsets, then makes one memory of exactly that size. */
export class Layout {
  #next = CONTROL_BYTES

  /** The offset of `bytes` bytes, aligned to a cache line. */
  place(bytes: number): number {
    const offset = this.#next
    this.#next = Math.ceil((offset + bytes) / ALIGN) * ALIGN
    return offset
  }

  /** The offset of `length` 32-bit numbers. */
  words(length: number): number {
    return this.place(4 * length)
  }

  get bytes(): number {
    return this.#next
  }

  /**
   * A zeroed shared memory of fixed size that holds all that was placed.
   * @throws RangeError above 4 GiB, or where the system has no room.
   */
  memory(): WebAssembly.Memory {
    if (this.#next > LARGEST) throw new RangeError(`kernels see at most 4 GiB; ${this.#next} bytes were asked for`)
    const pages = Math.ceil(this.#next / PAGE)
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  }
}

// The collector does not see how large these memories are and lets them pile up: 70 MB for each fit of EASE on ML-1M. So
// the last one is kept for the next fit of this thread; training threads end, and it with them.
let idle: WebAssembly.Memory | undefined

/** Like `layout.memory()`, perhaps larger, from the last `giveBack`. */
export function borrow(layout: Layout): WebAssembly.Memory {
  const memory = idle
  idle = undefined
  if (!memory || memory.buffer.byteLength < layout.bytes) return layout.memory()
  new Uint8Array(memory.buffer, 0, layout.bytes).fill(0)
  return memory
}

/** Ends the use of a borrowed memory: nobody may look at it any more. */
export function giveBack(memory: WebAssembly.Memory): void {
  if (!idle || idle.buffer.byteLength < memory.buffer.byteLength) idle = memory
}

export function floatsAt(memory: WebAssembly.Memory, offset: number, length: number): Float32Array {
  return new Float32Array(memory.buffer, offset, length)
}

export function intsAt(memory: WebAssembly.Memory, offset: number, length: number): Int32Array {
  return new Int32Array(memory.buffer, offset, length)
}

/** The words of the control block. */
export function controlOf(memory: WebAssembly.Memory): Int32Array {
  return intsAt(memory, 0, CONTROL_BYTES / 4)
}

export const control = { stop: 0, claim: 3, status: 4 } as const
