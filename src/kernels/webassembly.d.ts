/** The part of the WebAssembly interface that the kernels use; TypeScript keeps it in its browser library alone. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: ArrayBufferView<ArrayBuffer> | ArrayBuffer)
  }
  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>)
    readonly exports: Record<string, unknown>
  }
  class Memory {
    constructor(limits: { initial: number; maximum?: number; shared?: boolean })
    readonly buffer: SharedArrayBuffer
  }
  function validate(bytes: ArrayBufferView<ArrayBuffer> | ArrayBuffer): boolean
}
