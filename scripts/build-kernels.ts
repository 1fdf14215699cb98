/**
 * Compiles src/kernels/wasm/*.ts (AssemblyScript) into two WebAssembly modules beside them: `kernels.wasm` needs SIMD
 * and threads, `kernels-relaxed.wasm` also relaxed SIMD (fused multiply-add). Run: node scripts/build-kernels.ts
 */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const folder = new URL('../src/kernels/wasm/', import.meta.url)

export const builds = [
  { file: 'kernels.wasm', features: 'simd,threads' },
  { file: 'kernels-relaxed.wasm', features: 'simd,threads,relaxed-simd' },
] as const

// What these export is what a host may call; the other sources serve them.
const sources = [
  ...['add-rows.ts', 'als.ts', 'follow.ts', 'product.ts', 'rows.ts', 'solve.ts', 'tiles.ts', 'topk.ts', 'vectors.ts'],
]

/** The bytes of one build. @throws Error with the compiler's messages. */
export async function compile(features: string): Promise<Uint8Array> {
  let binary: Uint8Array | undefined
  const options = [
    ...['--runtime', 'stub', '--enable', features, '-O3', '--noAssert', '--uncheckedBehavior', 'always'],
    // The host brings the memory; nothing is placed in it at compile time.
    ...['--importMemory', '--noExportMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
    ...['--outFile', 'kernels.wasm', '--baseDir', fileURLToPath(folder)],
  ]
  const { error, stderr } = await asc.main([...sources, ...options], {
    writeFile: (_name: string, contents: Uint8Array | string) => {
      if (typeof contents !== 'string') binary = contents
    },
  })
  if (error || !binary) throw new Error(`the kernels do not compile: ${error?.message}\n${stderr.toString()}`)
  return binary
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { file, features } of builds) {
    const bytes = await compile(features)
    await writeFile(new URL(file, folder), bytes)
    console.log(`${file}: ${bytes.length} bytes`)
  }
}
