/**
 * Who a condition would choose now. Up to `most` customers all are looked at; of more, as many that stand evenly over all,
 * and the count is an estimate that says so.
 */
import { setImmediate as breath } from 'node:timers/promises'
import type { Policy } from '../consent/policy.ts'
import type { Reader } from '../db/database.ts'
import type { Identifier } from '../identity/identity.ts'
import { countCustomers, customersAfter, lastCustomer } from '../identity/population.ts'
import { bestName } from '../identity/store.ts'
import { customerViews, subjectsOf, wantedBy } from './customer-view.ts'
import { compiledCondition } from './definition.ts'
import { levelsOf } from './survey.ts'

export interface Preview {
  /** How many it chooses; an estimate where not all were looked at. */
  readonly count: number
  /** Customers there are, those who were looked at, and those whom consent keeps from being looked at. */
  readonly customers: number
  readonly looked: number
  readonly withheld: number
  readonly exact: boolean
  readonly examples: readonly { readonly customer: number; readonly who: Identifier }[]
}

export interface PreviewNeeds {
  readonly policy: Policy
  readonly currency: string
  readonly now: number
  readonly most?: number
  readonly examples?: number
}

const piece = 100

/** @throws HabitueError invalid_condition */
export async function preview(reader: Reader, condition: string, needs: PreviewNeeds): Promise<Preview> {
  const { policy, now, most = 20_000, examples: wantedExamples = 10 } = needs
  const compiled = compiledCondition(condition)
  const levels = await levelsOf(reader)
  const wanted = wantedBy([compiled.uses])
  const customers = await countCustomers(reader)
  const examples: { customer: number; who: Identifier }[] = []
  let [looked, withheld, chosen] = [0, 0, 0]
  for await (const ids of pieces(reader, customers, most)) {
    const subjects = await subjectsOf(reader, policy, ids, 'personalisation', now)
    const views = await customerViews(reader, subjects, wanted, { ...needs, levels })
    for (const { customer, names } of subjects) {
      looked++
      const view = views.get(customer)
      if (view === undefined) withheld++
      else if (compiled.evaluate({ ...view, params: levels }, now).value) {
        chosen++
        const who = examples.length < wantedExamples ? bestName(names) : null
        if (who) examples.push({ customer, who: { kind: who.kind, value: who.value } })
      }
    }
    await breath()
  }
  const exact = customers <= most
  const count = exact || looked === 0 ? chosen : Math.round((chosen / looked) * customers)
  return { count, customers, looked, withheld, exact, examples }
}

/** Ids of customers; where there are too many, pieces that begin at even distances. */
async function* pieces(reader: Reader, customers: number, most: number): AsyncGenerator<number[]> {
  const last = await lastCustomer(reader)
  const step = customers <= most ? 0 : last / (most / piece)
  for (let after = 0; after < last; ) {
    const ids = await customersAfter(reader, after, piece)
    if (ids.length === 0) return
    yield ids
    after = Math.max(ids[ids.length - 1], Math.ceil(after + step))
  }
}
