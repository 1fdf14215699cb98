/**
 * Threads that run one kernel at a time over one shared memory. The caller's thread only waits, so its event loop stays
 * free; within a kernel the threads share out the work by atomic claims and meet at barriers (wasm/control.ts).
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { control, controlOf } from './memory.ts'
import { instantiate, kernelModule, type ThreadedKernels } from './module.ts'

export interface Pool {
  readonly threads: number
  /**
   * Runs the kernel to its end and returns its status (0 = well). Jobs must not overlap.
   * @throws the signal's reason when aborted (within a fraction of a second, also in the middle of a kernel); an Error
   * where a thread died.
   */
  run<K extends keyof ThreadedKernels>(name: K, ...args: ThreadedKernels[K]): Promise<number>
  /** Ends the threads. */
  close(): Promise<void>
}

// Starting a thread takes about 40 ms of a core. Work for a tenth of a second is done at once, on the caller's thread.
const INLINE_WORK = 3e9

/**
 * A pool over `memory`. `work` is a guess of the multiplications to come, by which small jobs get no threads of their
 * own; `threads` = 0 takes as many as there are cores.
 */
export function openPool(memory: WebAssembly.Memory, work: number, signal: AbortSignal, threads = 0): Pool {
  if (work < INLINE_WORK) return inlinePool(memory, signal)
  return threadPool(memory, signal, threads > 0 ? threads : availableParallelism())
}

/** How many threads' scratch a memory must hold for the pool that `openPool` would open. */
export function threadsFor(work: number, threads = 0): number {
  if (work < INLINE_WORK) return 1
  return threads > 0 ? threads : availableParallelism()
}

function clear(words: Int32Array): void {
  for (const word of Object.values(control)) Atomics.store(words, word, 0)
}

function inlinePool(memory: WebAssembly.Memory, signal: AbortSignal): Pool {
  const kernels = instantiate(memory) as unknown as Record<string, (...args: number[]) => void>
  const words = controlOf(memory)
  return {
    threads: 1,
    async run(name, ...args) {
      signal.throwIfAborted()
      clear(words)
      kernels[name](0, 1, ...args)
      return words[control.status]
    },
    async close() {},
  }
}

function threadPool(memory: WebAssembly.Memory, signal: AbortSignal, threads: number): Pool {
  const words = controlOf(memory)
  const module = kernelModule()
  // Node runs the source as it stands; a build has only JavaScript.
  const entry = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
  const workers = Array.from({ length: threads }, (_, tid) => {
    return new Worker(entry, { workerData: { module, memory, tid, threads }, execArgv: [] })
  })
  let failed: Error | undefined
  let settle: { resolve(): void; reject(error: Error): void } | undefined
  let running = 0
  for (const worker of workers) {
    worker.on('message', () => {
      if (--running === 0) settle?.resolve()
    })
    worker.on('error', (error) => {
      failed = new Error(`a kernel thread died: ${error}`, { cause: error })
      settle?.reject(failed)
    })
  }
  const stop = () => Atomics.store(words, control.stop, 1)
  signal.addEventListener('abort', stop)
  return {
    threads,
    async run(name, ...args) {
      signal.throwIfAborted()
      if (failed) throw failed
      clear(words)
      running = threads
      await new Promise<void>((resolve, reject) => {
        settle = { resolve, reject }
        for (const worker of workers) worker.postMessage({ name, args })
      })
      signal.throwIfAborted()
      return words[control.status]
    },
    async close() {
      signal.removeEventListener('abort', stop)
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}
