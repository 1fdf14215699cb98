/** The usual as the customer told it: told beats observed, so where it holds nothing is foretold. */
import type { Catalogue } from '../catalog/catalogue.ts'
import { describeCondition, holds, type Moment } from '../memory/conditions.ts'
import { currentFacts, type Said } from '../memory/fact-view.ts'

export interface ToldUsual {
  /** Internal id. */
  readonly item: number
  /** In words; null = always. */
  readonly condition: string | null
}

/** Of what was told of `slot` what holds at `moment`: the latest with a condition, else the latest without. */
export function toldUsual(
  said: Said,
  { slot, items, moment, now }: { slot: string; items: ReadonlySet<number>; moment: Moment; now: number },
  catalogue: Catalogue,
): ToldUsual | null {
  const told = currentFacts(said, now)
    .filter(({ kind, provenance, recipient }) => kind === 'usual' && provenance === 'told' && recipient === '')
    .filter(
      ({ subject, condition }) => subject.toLowerCase() === slot.toLowerCase() && holds(condition, moment) === true,
    )
    .sort((a, b) => Number(b.condition !== null) - Number(a.condition !== null) || b.confirmed - a.confirmed)
  for (const { value, condition } of told) {
    const item = typeof value === 'string' ? catalogue.idOf(value) : undefined
    if (item !== undefined && items.has(item)) return { item, condition: condition && describeCondition(condition) }
  }
  return null
}
