/**
 * `npm run check`: types, lint and format, and the house rules that neither knows. Prints every breach; exits 1 on any.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorBreaches } from './check/errors.ts'
import { cycleBreaches, importBreaches } from './check/imports.ts'
import { singleHomeBreaches, sqlBreaches, tableOwners } from './check/purity.ts'
import { nameBreaches, sizeBreaches } from './check/sizes.ts'
import { type Breach, readSources } from './check/sources.ts'

const root = join(import.meta.dirname, '..')
const sources = readSources(root, ['src', 'test', 'bench', 'examples', 'scripts'])
const read = (path: string) => readFileSync(join(root, path), 'utf8')

const breaches: Breach[] = [
  ...importBreaches(sources),
  ...cycleBreaches(sources),
  ...singleHomeBreaches(sources),
  ...sqlBreaches(
    sources,
    new Map(
      ['tables', 'tables-access', 'tables-acting', 'tables-reviews']
        .map((name) => `src/db/${name}.ts`)
        .flatMap((file) => [...tableOwners(read(file))]),
    ),
  ),
  ...sizeBreaches(sources),
  ...nameBreaches(sources),
  ...errorBreaches(read('docs/errors.md')),
]
for (const { rule, path, line, message } of breaches) {
  process.stdout.write(`${path}${line ? `:${line}` : ''}  [${rule}] ${message}\n`)
}

const run = (name: string, args: readonly string[]): boolean =>
  spawnSync(join(root, 'node_modules', '.bin', name), args, { cwd: root, stdio: 'inherit' }).status === 0

const typesHold = run('tsc', ['-p', '.', '--noEmit'])
const lintHolds = run('biome', ['check', '--error-on-warnings', '.'])
if (breaches.length > 0 || !typesHold || !lintHolds) process.exit(1)
process.stdout.write(`check: ${sources.length} files hold\n`)
