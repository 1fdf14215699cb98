/**
 * Presents are not to be guessed from a shared screen: what was bought for somebody else stays unseen until the day it is
 * for has passed, or a month where no day is known. Pure.
 */
import type { Occasion } from './decision-facts.ts'
import type { HistoryRow } from './history.ts'

const MS_A_DAY = 86_400_000
/** How long a present without a known day stays unseen. */
export const hiddenDays = 30
/** A day that is further off is hardly what it was bought for. */
const aheadDays = 120
/** The day is over everywhere on Earth, and the present unwrapped. */
const graceDays = 2

export interface HiddenGifts {
  /** Internal ids of items that were bought for others and not for himself: looking at them was for the others too. */
  readonly gifts: ReadonlySet<number>
  /** Those of them that are to stay unseen. */
  readonly hidden: ReadonlySet<number>
  /** When the first of these may be seen again, milliseconds; Infinity = none is hidden. */
  readonly until: number
}

const none: HiddenGifts = { gifts: new Set(), hidden: new Set(), until: Number.POSITIVE_INFINITY }

/** Of the rows of recipients (see `history`) and of the customer's own. */
export function hiddenGifts(
  recipients: ReadonlyMap<string, readonly HistoryRow[]>,
  self: readonly HistoryRow[],
  occasions: readonly Occasion[],
  now: number,
): HiddenGifts {
  if (recipients.size === 0) return none
  const own = new Set(self.filter(({ bought }) => bought > 0).map(({ item }) => item))
  const gifts = new Set<number>()
  const hidden = new Set<number>()
  let until = Number.POSITIVE_INFINITY
  for (const [recipient, rows] of recipients) {
    const dates = occasions.filter((one) => one.recipient.toLowerCase() === recipient.toLowerCase())
    for (const { item, bought, bought_last: time } of rows) {
      if (bought <= 0 || own.has(item)) continue
      gifts.add(item)
      const end = hiddenUntil(time, dates)
      if (end <= now) continue
      hidden.add(item)
      until = Math.min(until, end)
    }
  }
  return { gifts, hidden, until }
}

/** Until when a present bought at `time` stays unseen. */
export function hiddenUntil(time: number, dates: readonly Pick<Occasion, 'date'>[]): number {
  const days = dates.map(({ date }) => dayOf(date, time)).filter((day) => day <= time + aheadDays * MS_A_DAY)
  return days.length > 0 ? Math.min(...days) + graceDays * MS_A_DAY : time + hiddenDays * MS_A_DAY
}

/** The first midnight (UTC) of the date that is not before the day of `time`; a full date that is over is none. */
function dayOf(date: string, time: number): number {
  const earliest = Math.floor(time / MS_A_DAY) * MS_A_DAY
  if (date.length > 5) {
    const day = Date.parse(`${date}T00:00:00Z`)
    // A birthday is told with its year, and comes again.
    if (day >= earliest) return day
    return dayOf(date.slice(5), time)
  }
  const year = new Date(time).getUTCFullYear()
  const [month, dayOfMonth] = date.split('-').map(Number)
  for (let ahead = 0; ahead <= 1; ahead++) {
    const day = Date.UTC(year + ahead, month - 1, dayOfMonth)
    if (day >= earliest) return day
  }
  return Number.POSITIVE_INFINITY
}
