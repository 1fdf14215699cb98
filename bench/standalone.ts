/** Benchmarks of single layers, which run by themselves too (`node bench/kernels.ts`): their last line is taken over. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Bench, BenchOptions, Measure } from './bench.ts'

/** What a script says on its last line: JSON. */
export async function lastLine(script: string, flags: readonly string[]): Promise<unknown> {
  const file = join(import.meta.dirname, script)
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...flags], { maxBuffer: 1 << 26 })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

export const kernels: Bench = {
  name: 'kernels',
  about: 'the numeric kernels alone, and EASE and ALS on them',
  async run({ seed, rounds }: BenchOptions): Promise<Measure[]> {
    const said = await lastLine('kernels.ts', ['--seed', `${seed}`, '--rounds', `${rounds}`])
    const { results, ...detail } = said as { results: { name: string; value: number; unit: string }[] }
    return results.map(({ name, value, unit }) => ({ what: name, value, unit, detail }))
  },
}

export const db: Bench = {
  name: 'db',
  about: 'storage alone: events deduplicated, appended and folded, without HTTP and without thinking',
  async run({ engines, seconds }: BenchOptions): Promise<Measure[]> {
    const flags = ['--json', '--seconds', `${seconds}`, ...engines.flatMap((engine) => ['--engine', engine])]
    interface Result {
      readonly engine: string
      readonly batch: number
      readonly writers: number
      readonly eventsPerSecond: number
      readonly p50Ms: number
      readonly p99Ms: number
    }
    const results = (await lastLine('db.ts', flags)) as Result[]
    return results.map(({ engine, batch, writers, eventsPerSecond, ...detail }) => ({
      what: `${engine}, batches of ${batch}, ${writers} writer${writers > 1 ? 's' : ''}`,
      value: eventsPerSecond,
      unit: 'events/s',
      detail,
    }))
  },
}

export const core: Bench = {
  name: 'core',
  about: 'what one event costs inside: reading JSON, the door, the transaction with memory (SQLite)',
  async run(): Promise<Measure[]> {
    const said = (await lastLine('ingest-core.ts', ['100000', '100', '8'])) as Record<string, number>
    const { jsonMicros, doorMicros, writerMicros, writerCpuMicros, eventsASecond, ...detail } = said
    return [
      { what: 'reading JSON', value: jsonMicros, unit: 'us/event', detail },
      { what: 'the door', value: doorMicros, unit: 'us/event' },
      { what: 'the transaction', value: writerMicros, unit: 'us/event' },
      { what: 'the transaction, processor time', value: writerCpuMicros, unit: 'us/event' },
      { what: 'the transaction', value: eventsASecond, unit: 'events/s' },
    ]
  },
}
