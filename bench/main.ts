/**
 * `npm run bench [-- NAME...]`: how fast Habitue is on this machine. Seeded; prints a table, and one object on the last line.
 * docs/bench.md says what each figure means.
 */
import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { EngineName } from '../src/db/database.ts'
import type { Bench, BenchOptions } from './bench.ts'
import { decide } from './decide.ts'
import { ingest } from './ingest.ts'
import { journeys } from './journeys.ts'
import { machine, type Reported, table } from './report.ts'
import { session } from './session.ts'
import { smallShop } from './smallshop.ts'
import { core, db, kernels } from './standalone.ts'
import { memory, start } from './start.ts'
import { training } from './train.ts'

const benches: readonly Bench[] = [
  ingest,
  decide,
  session,
  training,
  journeys,
  smallShop,
  start,
  memory,
  kernels,
  db,
  core,
]

const usage = `node bench/main.ts [NAME...] [options]
${benches.map(({ name, about }) => `  ${name.padEnd(8)} ${about}`).join('\n')}
Options:
  --seconds N    length of a measured round (default 4)
  --rounds N     rounds of each case; the median counts (default 3)
  --engine NAME  sqlite or postgres (default both)
  --data FOLDER  the public data sets (default ../shared/data beside the project)
  --seed N       default 1
  --case NAME    one case of a bench alone: 100x8 of ingest; ml-1m or 100k of decide; due, time or count of journeys
  --segments N   defines so many segments before ingest is measured (default 0)
  --profile DIR  writes CPU profiles of the servers that are measured; figures are a little lower then
  --out FILE     writes the JSON to a file too
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    engine: { type: 'string' },
    data: { type: 'string', default: join(import.meta.dirname, '../../shared/data') },
    seed: { type: 'string', default: '1' },
    case: { type: 'string' },
    segments: { type: 'string', default: '0' },
    profile: { type: 'string' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name))
if (values.help || unknown.length > 0) {
  process.stdout.write(unknown.length > 0 ? `There is no bench ${unknown.join(', ')}.\n${usage}` : usage)
  process.exit(values.help ? 0 : 2)
}

const options: BenchOptions = {
  seconds: Number(values.seconds),
  rounds: Number(values.rounds),
  engines: values.engine ? [values.engine as EngineName] : ['sqlite', 'postgres'],
  data: values.data,
  profiles: values.profile ?? null,
  seed: Number(values.seed),
  only: values.case ?? null,
  segments: Number(values.segments),
  say: (text) => process.stderr.write(`${text}\n`),
}
// So that servers are ended too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const chosen = positionals.length > 0 ? benches.filter(({ name }) => positionals.includes(name)) : benches
const loadBefore = loadavg()
const measures: Reported[] = []
const failures: Record<string, string> = {}
for (const bench of chosen) {
  try {
    const run = bench.run(options)
    for await (const measure of Symbol.asyncIterator in run ? run : await run) {
      measures.push({ bench: bench.name, ...measure })
    }
  } catch (error) {
    failures[bench.name] = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.stderr.write(`${bench.name}: ${failures[bench.name]}\n`)
  }
}
const json = JSON.stringify({ machine: machine(loadBefore), measures, failures })
process.stdout.write(`${table(measures)}\n${json}\n`)
if (values.out) writeFileSync(values.out, `${json}\n`)
if (Object.keys(failures).length > 0) process.exit(1)
