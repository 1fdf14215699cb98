/**
 * `npm run eval:all [FOLDER]`: every published evaluation over the data sets of a folder (default ../shared/data), by the
 * same commands that anybody runs. A data set that is not there is skipped, and said to be.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const data = process.argv[2] ?? join(root, '..', 'shared', 'data')

interface Evaluation {
  readonly folder: string
  readonly protocol: string
  /** option -> file */
  readonly files: Readonly<Record<string, string>>
  readonly more?: readonly string[]
}

const evaluations: readonly Evaluation[] = [
  {
    folder: 'ml-1m',
    protocol: 'topn',
    files: { interactions: 'interactions.csv', split: 'split-topn.csv' },
    more: ['--model', 'ease', '--set', 'lambda=800'],
  },
  { folder: 'ml-1m', protocol: 'topn', files: { interactions: 'interactions.csv', split: 'split-topn.csv' } },
  {
    folder: 'ml-1m-ncf',
    protocol: 'candidates',
    files: { train: 'train.csv', test: 'test.csv', candidates: 'candidates.csv' },
  },
  { folder: 'ml-1m', protocol: 'sequence', files: { sequences: 'sequences.csv' } },
  { folder: 'diginetica', protocol: 'session', files: { train: 'train.csv', test: 'test.csv' } },
  {
    folder: 'ml-1m',
    protocol: 'coldstart',
    files: { interactions: 'interactions.csv', users: 'users.csv', cold: 'coldstart-users.csv' },
  },
  {
    folder: 'frappe',
    protocol: 'context',
    files: { train: 'train.csv', valid: 'valid.csv', test: 'test.csv' },
  },
  ...[1, 2, 3, 4, 5].map((fold) => ({
    folder: 'ml-100k',
    protocol: 'rating',
    files: { train: `u${fold}.train.csv`, test: `u${fold}.test.csv`, users: 'users.csv', items: 'items.csv' },
  })),
  {
    folder: 'ml-100k',
    protocol: 'rating',
    files: { train: 'u1.train.csv', test: 'u1.test.csv', users: 'users.csv', items: 'items.csv' },
    more: ['--curve'],
  },
  {
    folder: 'ml-1m',
    protocol: 'rating',
    files: { interactions: 'interactions.csv', split: 'split-rating.csv', users: 'users.csv', items: 'items.csv' },
  },
  {
    folder: 'ml-1m',
    protocol: 'rating',
    files: { interactions: 'interactions.csv', users: 'users.csv', items: 'items.csv', cold: 'coldstart-users.csv' },
  },
  { folder: 'ml-1m', protocol: 'growth', files: { interactions: 'interactions.csv' } },
  { folder: 'simulated', protocol: 'reviews', files: {} },
  { folder: 'simulated', protocol: 'policy', files: {} },
]

let failed = 0
for (const { folder, protocol, files, more = [] } of evaluations) {
  const paths = Object.entries(files).map(([option, file]) => [`--${option}`, join(data, folder, file)] as const)
  const title = `${folder} ${protocol} ${more.join(' ')}`.trim()
  const missing = paths.find(([, path]) => !existsSync(path))
  if (missing) {
    process.stdout.write(`\n${title}: skipped, ${missing[1]} is not there\n`)
    continue
  }
  process.stdout.write(`\n${title}\n`)
  const args = [join(root, 'src', 'cli', 'main.ts'), 'eval', protocol, ...paths.flat(), ...more]
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'ignore'] })
  if (status !== 0) {
    process.stdout.write('failed\n')
    failed++
  }
}
process.exitCode = failed > 0 ? 1 : 0
