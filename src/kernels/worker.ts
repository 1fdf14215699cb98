/** Entry of a kernel thread: runs the named kernel over the shared memory whenever the pool says so. */
import { parentPort, workerData } from 'node:worker_threads'

const { module, memory, tid, threads } = workerData as {
  module: WebAssembly.Module
  memory: WebAssembly.Memory
  tid: number
  threads: number
}
const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<
  string,
  (...args: number[]) => void
>

parentPort?.on('message', ({ name, args }: { name: string; args: number[] }) => {
  kernels[name](tid, threads, ...args)
  parentPort?.postMessage(name)
})
