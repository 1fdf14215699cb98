/**
 * What holds now: of all that was told, observed and inferred about one slot, one statement wins, and the view says which
 * and why. Told beats observed beats inferred; of equals the newer beats the older. Pure.
 */
import type { TombstoneRow } from '../db/tables.ts'
import { digest, endOf, type FactContent, provenances, type Statement, slotText, valueText } from './fact.ts'
import { type FactKind, factKinds } from './fact-kinds.ts'

const MS_A_DAY = 86_400_000

/** A statement that lost, and to what. */
export interface Lost {
  readonly id: string
  readonly value: unknown
  readonly provenance: Statement['provenance']
  readonly channel: string
  readonly time: number
  readonly evidence: readonly string[]
  readonly lost: 'told beats observed' | 'told beats inferred' | 'observed beats inferred' | 'newer beats older'
}

export interface FactView extends FactContent {
  readonly id: string
  /** The row of the identifier under which the winner was told; 0 = made when it was read. */
  readonly identifier: number
  /** When it was last told or seen. */
  readonly confirmed: number
  /** Confidence now: it halves with the half-life of the kind where nothing confirms it. */
  readonly now: number
  /** Ids of all statements that say the same: they are deleted together. */
  readonly same: readonly string[]
  /** The latest first. */
  readonly history: readonly Lost[]
  /** Why it won, where there was a contest. */
  readonly why: string | null
  /** Of a setting that somebody else changed: what the customer had left. */
  readonly was?: unknown
}

export interface Said {
  /** Kept statements, and what was derived when reading. */
  readonly statements: readonly Statement[]
  readonly tombstones: readonly TombstoneRow[]
}

/** The facts that hold at `now`, in no order. */
export function currentFacts({ statements, tombstones }: Said, now: number): FactView[] {
  const alive = statements.filter(notBarredBy(tombstones)).filter((one) => (endOf(one, one.time) ?? Infinity) > now)
  const slots = Map.groupBy(alive, contestOf)
  return [...slots.values()].flatMap((same) => viewOf(same, now) ?? [])
}

/** What contradicts what: statements of one slot; of kinds that stand beside each other each value for itself. */
function contestOf(statement: Statement): string {
  const { several } = factKinds[statement.kind] as FactKind
  return several ? `${slotText(statement)}\0${valueText(statement.value)}` : slotText(statement)
}

/** What a tombstone names is gone; what it said may be told anew, but is neither observed nor inferred again. */
function notBarredBy(tombstones: readonly TombstoneRow[]): (statement: Statement) => boolean {
  if (tombstones.length === 0) return () => true
  const ids = new Set(tombstones.map(({ fact }) => fact))
  const contents = new Set(tombstones.map(({ slot, value }) => `${slot} ${value}`))
  return (statement) => {
    if (ids.has(statement.id)) return false
    return statement.provenance === 'told' || !contents.has(contentDigest(statement))
  }
}

function contentDigest(content: FactContent): string {
  const { slot, value } = digestsOf(content)
  return `${slot} ${value}`
}

/** What a tombstone keeps of a fact. */
export function digestsOf(content: Pick<FactContent, 'kind' | 'subject' | 'recipient' | 'condition' | 'value'>): {
  slot: string
  value: string
} {
  return { slot: digest([slotText(content)]), value: digest([valueText(content.value)]) }
}

/** The messages from which nothing is derived any more about a slot: they were the evidence of what was deleted. */
export function barredEvidence(
  tombstones: readonly TombstoneRow[],
): (slot: Pick<FactContent, 'kind' | 'subject' | 'recipient'>) => ReadonlySet<string> {
  const bySlot = new Map<string, Set<string>>()
  for (const { slot, evidence } of tombstones) {
    const barred = bySlot.get(slot) ?? new Set()
    for (const message of JSON.parse(evidence) as string[]) barred.add(message)
    if (barred.size > 0) bySlot.set(slot, barred)
  }
  if (bySlot.size === 0) return () => nothing
  return (slot) => bySlot.get(digest([slotText({ ...slot, condition: null })])) ?? nothing
}

const nothing: ReadonlySet<string> = new Set()

const rank = (statement: Statement) => provenances.indexOf(statement.provenance)

function viewOf(statements: readonly Statement[], now: number): FactView | null {
  const sorted = statements.toSorted(
    (a, b) => rank(a) - rank(b) || b.time - a.time || (a.message > b.message ? -1 : a.message < b.message ? 1 : 0),
  )
  const winner = sorted[0]
  if (winner.value === null) return null
  const merged = winner.kind === 'complaint' ? complaintOf(sorted) : winner.value
  // What was said before it was last taken back, or was something else, confirms nothing.
  const told = valueText(winner.value)
  const end = sorted.findIndex((one) => one.provenance === winner.provenance && valueText(one.value) !== told)
  const run = (end < 0 ? sorted : sorted.slice(0, end)).filter((one) => valueText(one.value) === told)
  const same = winner.kind === 'complaint' ? sorted : run
  const losers = sorted.filter((one) => !same.includes(one) && one.value !== null)
  const history = losers.map((one): Lost => {
    const { id, value, provenance, channel, time, evidence } = one
    return { id, value, provenance, channel, time, evidence, lost: whyLost(winner, one) }
  })
  const confirmed = Math.max(...same.map(({ time }) => time))
  const { time: _, message: __, ...content } = winner
  return {
    ...content,
    value: merged,
    validFrom: Math.min(...same.map(({ validFrom }) => validFrom)),
    evidence: [...new Set(same.flatMap(({ evidence }) => evidence))],
    confirmed,
    now: decayed(winner, confirmed, now),
    same: same.map(({ id }) => id),
    history: history.sort((a, b) => b.time - a.time),
    why: history.length === 0 ? null : [...new Set(history.map(({ lost }) => lost))].join('; '),
    ...(winner.by === null ? {} : { was: losers.find(({ by }) => by === null)?.value }),
  }
}

function whyLost(winner: Statement, loser: Statement): Lost['lost'] {
  if (winner.provenance === loser.provenance) return 'newer beats older'
  return `${winner.provenance} beats ${loser.provenance}` as Lost['lost']
}

/** A complaint is what all that was said of it makes together; the latest state holds. */
function complaintOf(latestFirst: readonly Statement[]): unknown {
  return Object.assign({}, ...latestFirst.map(({ value }) => value as object).toReversed())
}

/** Confidence halves with each half-life that passes without confirmation. */
export function decayed(statement: FactContent, confirmed: number, now: number): number {
  const { halfLife } = factKinds[statement.kind] as FactKind
  if (halfLife === null || now <= confirmed) return statement.confidence
  return statement.confidence * 0.5 ** ((now - confirmed) / (halfLife * MS_A_DAY))
}
