/** `npm run build`: compiles to dist/ and lays the WebAssembly beside it. */
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
rmSync(join(root, 'dist'), { recursive: true, force: true })
const tsc = join(root, 'node_modules', '.bin', 'tsc')
const { status } = spawnSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
if (status !== 0) process.exit(1)
const wasm = join('src', 'kernels', 'wasm')
for (const file of readdirSync(join(root, wasm)).filter((name) => name.endsWith('.wasm'))) {
  cpSync(join(root, wasm, file), join(root, 'dist', wasm, file))
}
process.stdout.write('built dist/\n')
