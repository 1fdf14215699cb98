import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { builds, compile } from './build-kernels.ts'

it.each(builds)('$file is what its sources compile to', async ({ file, features }) => {
  const committed = await readFile(new URL(`../src/kernels/wasm/${file}`, import.meta.url))
  expect(Buffer.compare(committed, await compile(features))).toBe(0)
})
