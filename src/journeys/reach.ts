/** Whom a journey reached and what it said: from what is counted of its steps, those held out not among them. */
import type { Reader } from '../db/database.ts'
import { clickedByJourney } from '../messages/responses.ts'
import type { JourneyShelf } from './shelf.ts'
import { type StepCount, stepCounts } from './views.ts'

export interface Reach {
  /** How often somebody entered who was not held out. */
  readonly entered: number
  /** Messages and surveys. */
  readonly sent: number
  /** Of them, by reason: consent, caps, an open complaint, nothing to offer. The most frequent first. */
  readonly suppressed: readonly { readonly reason: string; readonly count: number }[]
  readonly failed: number
  readonly inDoubt: number
  /** Messages whose link a person followed, and waits that ended with the event that they waited for. */
  readonly clicked: number
  readonly heard: number
}

export async function reachByJourney(
  reader: Reader,
  shelf: JourneyShelf,
  journeys: readonly string[],
): Promise<Map<string, Reach>> {
  const clicked = await clickedByJourney(reader)
  const found = new Map<string, Reach>()
  for (const id of journeys) {
    const counts = (await stepCounts(reader, id)).filter(({ held }) => !held)
    const said: StepCount[] = []
    for (const count of counts) {
      const step = (await shelf.get(reader, id, count.version))?.steps.get(count.step)
      if (step?.kind === 'action' && (step.action === 'message' || step.action === 'survey')) said.push(count)
    }
    found.set(id, reachOf(counts, said, clicked.get(id) ?? 0))
  }
  return found
}

function reachOf(counts: readonly StepCount[], said: readonly StepCount[], clicked: number): Reach {
  const sum = (of: readonly StepCount[], outcome: string) =>
    of.reduce((total, one) => (one.outcome === outcome ? total + one.count : total), 0)
  return {
    entered: sum(counts, 'entered'),
    sent: sum(said, 'done'),
    suppressed: byReason(said.filter(({ outcome }) => outcome === 'suppressed')),
    failed: sum(said, 'failed'),
    inDoubt: sum(said, 'in_doubt'),
    clicked,
    heard: sum(counts, 'heard'),
  }
}

/** All together. */
export function sumOfReach(all: readonly Reach[]): Reach {
  const total = (key: 'entered' | 'sent' | 'failed' | 'inDoubt' | 'clicked' | 'heard') =>
    all.reduce((sum, one) => sum + one[key], 0)
  return {
    entered: total('entered'),
    sent: total('sent'),
    suppressed: byReason(all.flatMap(({ suppressed }) => suppressed)),
    failed: total('failed'),
    inDoubt: total('inDoubt'),
    clicked: total('clicked'),
    heard: total('heard'),
  }
}

function byReason(counts: readonly { readonly reason: string; readonly count: number }[]): Reach['suppressed'] {
  const reasons = Map.groupBy(counts, ({ reason }) => reason)
  const sums = [...reasons].map(([reason, same]) => ({
    reason,
    count: same.reduce((sum, { count }) => sum + count, 0),
  }))
  return sums.sort((a, b) => b.count - a.count)
}
