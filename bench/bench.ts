/** What a benchmark is, and what it says. `main.ts` runs them, `report.ts` prints them. */
import type { EngineName } from '../src/db/database.ts'

/** One figure. */
export interface Measure {
  /** In words, as the table shows it. */
  readonly what: string
  readonly value: number
  readonly unit: string
  /** What is demanded of it, where something is. */
  readonly goal?: { readonly is: 'at least' | 'at most'; readonly value: number }
  /** Further facts, for the JSON. */
  readonly detail?: Readonly<Record<string, unknown>>
}

export interface BenchOptions {
  /** Length of one measured round. */
  readonly seconds: number
  /** Rounds of each case; the median is reported, the others are in the detail. */
  readonly rounds: number
  readonly engines: readonly EngineName[]
  /** Folder of the public data sets; what needs one that is absent uses seeded data of the same size, and says so. */
  readonly data: string
  /** Folder for CPU profiles of the servers that are measured; null = none. */
  readonly profiles: string | null
  readonly seed: number
  /** Segments that are defined before events are sent. */
  readonly segments: number
  /** One case of a bench alone: `100x8` of ingest; null = all. */
  readonly only: string | null
  /** Tells people how far it is. */
  say(text: string): void
}

export interface Bench {
  readonly name: string
  /** In one sentence. */
  readonly about: string
  /** An iterator where parts take long: what was measured stands, whatever fails after it. */
  run(options: BenchOptions): Promise<readonly Measure[]> | AsyncIterable<Measure>
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The value below which the share `p` of `sorted` lies. */
export function percentile(sorted: ArrayLike<number>, p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]
}

export function rounded(value: number, digits = 3): number {
  return Number(value.toPrecision(digits))
}
