/**
 * What a customer answered, as a pure function of the rows of all his identifiers. A row belongs to the identifier that
 * gave it and *covers* those that were linked to it at that time: it is the word of the whole person. Merging and its
 * undoing move links and no rows, so they restore what each side had said by themselves.
 */
import type { Purpose } from './policy.ts'

/** `unset` is no answer: never asked, or taken back as if never asked. */
export type Answer = 'granted' | 'denied' | 'unset'

/** One answer; never changed, never deleted but with the person. */
export interface AnswerRow {
  readonly identifier: number
  /** A purpose; or `audience`, where it tells of age (audience.ts). */
  readonly purpose: Purpose | 'audience'
  /** Of marketing; '' = every one, and of every other purpose. */
  readonly channel: string
  readonly answer: Answer | 'told'
  /** What makes a grant lawful where it is not consent: an import may state another. */
  readonly basis: string
  /** When it was given, never later than it arrived. Milliseconds, as are all times. */
  readonly time: number
  /** `received` and `position` give the order of arrival. */
  readonly received: number
  readonly position: number
  /** Names its event, with `received`. */
  readonly message: string
  /** How it came: `api`, `gpc`, `unsubscribe`, `categories`, a form of the shop's own. */
  readonly source: string
  readonly wording: string | null
  readonly proof: string | null
  readonly expires: number | null
  /** `audience`: the latest time of birth that agrees with what was told; null = a minor of whom no age is known. */
  readonly born: number | null
  /** 1 = no act but a state that was brought along: of an imported history, of a consent banner. It ends no refusal. */
  readonly weak: number
  /** 1 = the shop's server said it, or the customer with his token. */
  readonly verified: number
  /** JSON list of ids of identifiers. */
  readonly covers: string
}

/** What holds for one purpose. */
export interface Standing {
  readonly answer: Answer
  /** The row that says so; null = unset from the beginning. */
  readonly row: AnswerRow | null
  /** A grant ended by its expiry. */
  readonly expired: boolean
  /** From when on it was granted without a break; events from before were not gathered under it. */
  readonly from: number
  /** What was gathered before this time was under a refusal, or before one, and is not used again; 0 = there was none. */
  readonly since: number
  /** When this may become another by itself. */
  readonly until: number
}

const never = Number.POSITIVE_INFINITY
export const unanswered: Standing = {
  answer: 'unset',
  row: null,
  expired: false,
  from: 0,
  since: 0,
  until: never,
}

/** Rows in order of arrival. */
export function inOrder(rows: readonly AnswerRow[]): readonly AnswerRow[] {
  return rows.length < 2
    ? rows
    : rows.toSorted(
        (a, b) =>
          a.received - b.received ||
          a.position - b.position ||
          (a.message < b.message ? -1 : a.message > b.message ? 1 : 0),
      )
}

/** The rows that hold for `identifier` of a person who has `own` identifiers: its own, and those of the others that cover it. */
export function rowsFor(rows: readonly AnswerRow[], identifier: number, own: ReadonlySet<number>): AnswerRow[] {
  return rows.filter(
    (row) =>
      row.identifier === identifier ||
      (own.has(row.identifier) && (JSON.parse(row.covers) as number[]).includes(identifier)),
  )
}

/**
 * What one identifier's rows come to at the time `now`; `rows` in order of arrival, of this purpose and channel (a row
 * of every channel says so for each).
 *
 * A refusal counts from its arrival, whatever its sender's clock says. A grant counts only if it was not given before the
 * refusal that it would end: one that waited in a queue ends nothing. An imported grant ends no refusal at all, nor does
 * what a banner says of itself, but its own.
 */
export function standingOf(rows: readonly AnswerRow[], now: number): Standing {
  let row: AnswerRow | null = null
  let answer: Answer = 'unset'
  let from = 0
  let since = 0
  for (const next of rows) {
    if (next.answer === 'denied') {
      const outdated = next.weak === 1 && answer === 'granted' && row?.weak === 0 && row.time > next.time
      if (!outdated) [answer, row] = ['denied', next]
      continue
    }
    if (answer === 'denied' && row !== null) {
      if ((next.weak === 1 && !isOwnBanner(next, row)) || next.time < row.time) continue
      since = Math.max(since, next.time)
    }
    if (next.answer === 'unset') [answer, row] = ['unset', next]
    else {
      from = answer === 'granted' ? Math.min(from, next.time) : next.time
      const weaker = next.weak === 1 && answer === 'granted' && row?.weak === 0 && !isOver(row, now)
      if (!weaker) row = next
      answer = 'granted'
    }
  }
  if (answer !== 'granted') return { answer, row, expired: false, from: since, since, until: never }
  const expires = row?.expires ?? never
  if (expires <= now) return { answer: 'unset', row, expired: true, from: since, since, until: never }
  return { answer, row, expired: false, from: Math.max(from, since), since, until: expires }
}

/** The state of a consent banner ends what the same browser's banner refused, and nothing else. */
function isOwnBanner(next: AnswerRow, row: AnswerRow): boolean {
  return next.source === 'categories' && row.source === 'categories' && next.identifier === row.identifier
}

function isOver({ expires }: AnswerRow, now: number): boolean {
  return expires !== null && expires <= now
}

/** Of several identifiers: a refusal beats a grant, and what was never answered neither takes nor lends. */
export function strictest(standings: readonly Standing[]): Standing {
  let found = unanswered
  let until = never
  let since = 0
  for (const one of standings) {
    until = Math.min(until, one.until)
    since = Math.max(since, one.since)
    if (rank(one) > rank(found)) found = one
    else if (rank(one) === rank(found) && one.from < found.from) found = one
  }
  return standings.length === 0 ? unanswered : { ...found, from: Math.max(found.from, since), since, until }
}

function rank({ answer, row }: Standing): number {
  return answer === 'denied' ? 3 : answer === 'granted' ? 2 : row === null ? 0 : 1
}
