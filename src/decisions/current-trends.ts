/** What everybody does now, counted again while events come in: soon after them, and never all the time. */
import type { SignalWeights } from '../config.ts'
import type { Reader } from '../db/database.ts'
import { itemDayTotals } from '../memory/item-day-totals.ts'
import type { World } from '../world.ts'
import { noTrends, type Trends, trendsOf } from './trends.ts'

/** What other processes remembered is counted at the latest after so long. */
const everyMs = 60_000
/** Counting again waits for this, and for twenty times as long as the last count took. */
const soonMs = 1_000

export interface CurrentTrends {
  current(): Trends
  refresh(): Promise<void>
  /** Events came in: they are counted soon. */
  changed(): void
  /** Resolves when a count under way has ended. */
  close(): Promise<void>
}

export interface TrendNeeds {
  readonly db: Reader
  readonly signals: SignalWeights
  readonly world: World
  /** The item that another name turned out to be; trends count them as one. */
  readonly canonical: (item: number) => number
  readonly onError: (error: unknown) => void
}

export async function currentTrends({ db, signals, world, canonical, onError }: TrendNeeds): Promise<CurrentTrends> {
  let trends = noTrends
  let took = 0
  let soon: NodeJS.Timeout | undefined
  let counting: Promise<void> = Promise.resolve()
  let closed = false
  const refresh = async (): Promise<void> => {
    const begun = world.elapsed()
    trends = trendsOf(await itemDayTotals(db, world.now()), signals, canonical)
    took = world.elapsed() - begun
  }
  const count = () => {
    soon = undefined
    counting = refresh().catch(onError)
  }
  await refresh()
  const timer = setInterval(count, everyMs)
  timer.unref()
  return {
    current: () => trends,
    refresh,
    changed: () => {
      if (!closed) soon ??= setTimeout(count, Math.max(soonMs, 20 * took)).unref()
    },
    close: async () => {
      closed = true
      clearInterval(timer)
      clearTimeout(soon)
      await counting
    },
  }
}
