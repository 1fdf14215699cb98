/** What answers bring with them in the transaction of their events: whom they cover, and what must be forgotten for them. */
import type { Policy } from '../consent/policy.ts'
import { answersOf, peopleOf } from '../consent/store.ts'
import type { Tx } from '../db/database.ts'
import { lostRace } from '../db/storage-errors.ts'
import { restamp } from '../identity/named.ts'
import type { Resolved } from '../identity/resolve.ts'
import { identifiersOfAll } from '../identity/store.ts'
import { touchCustomers } from '../identity/touch.ts'
import type { World } from '../world.ts'
import type { AdmittedEvent, AnswerMark, Fold } from './event.ts'
import type { Admitted } from './gate.ts'
import { dropPersonal } from './store.ts'

/** By position in `fresh` what is kept with an event that answers. Whoever answers does so for all his identifiers. */
export async function answerMarks(
  tx: Tx,
  fresh: readonly Admitted[],
  resolved: readonly (Resolved | null)[],
): Promise<Map<number, AnswerMark>> {
  const marks = new Map<number, AnswerMark>()
  const answering = fresh.flatMap(({ given }, i) => (given.length > 0 && resolved[i] !== null ? [i] : []))
  if (answering.length === 0) return marks
  const customers = new Set(answering.map((i) => (resolved[i] as Resolved).customer))
  const linked = Map.groupBy(await identifiersOfAll(tx, [...customers]), ({ customer }) => customer)
  for (const i of answering) {
    const { given, position, verified } = fresh[i]
    const covers = (linked.get((resolved[i] as Resolved).customer) ?? []).map(({ id }) => id)
    const [{ purpose, born }] = given
    marks.set(i, { covers, position, verified, ...(purpose === 'audience' ? { born } : {}) })
  }
  return marks
}

/**
 * PostgreSQL: an answer that was committed between the look at it and the lock on its customer counts. @throws what makes
 * the transaction begin anew
 */
export async function checkUnchanged(
  tx: Tx,
  fresh: readonly Admitted[],
  resolved: readonly (Resolved | null)[],
): Promise<void> {
  if (tx.engine === 'sqlite') return
  const unsure = fresh.flatMap(({ sender }, i) => {
    const stamp = resolved[i]?.stamp
    // Of somebody whom this transaction made nobody else can have answered.
    const isSame = stamp === null || (stamp !== undefined && stamp === sender?.stamp)
    return sender === null || isSame
      ? []
      : [{ customer: resolved[i]?.customer as number, seen: sender.person.answers.length }]
  })
  if (unsure.length === 0) return
  const linked = await identifiersOfAll(tx, [...new Set(unsure.map(({ customer }) => customer))])
  const customerOf = new Map(linked.map(({ id, customer }) => [id, customer]))
  const rows = await answersOf(tx, [...customerOf.keys()])
  const counts = new Map<number, number>()
  for (const { identifier } of rows) {
    const customer = customerOf.get(identifier) as number
    counts.set(customer, (counts.get(customer) ?? 0) + 1)
  }
  if (unsure.some(({ customer, seen }) => (counts.get(customer) ?? 0) > seen))
    throw lostRace('A customer answered about consent meanwhile.')
}

/**
 * After the answers are stored: whoever keeps a copy of these customers reads them again, and of who refused personalisation,
 * or is a minor, what was gathered for it goes, in this transaction.
 */
export async function settleAnswers(
  tx: Tx,
  answered: readonly AdmittedEvent[],
  now: number,
  { policy, folds, world }: { readonly policy: Policy; readonly folds: readonly Fold[]; readonly world: World },
): Promise<void> {
  const identities = new Map(
    answered.flatMap(({ customer, answer }) =>
      customer !== null && answer ? [[customer, { customer, identifiers: answer.covers }]] : [],
    ),
  )
  await restamp(tx, [...identities.keys()], world)
  await touchCustomers(tx, [...identities.keys()])
  const people = await peopleOf(tx, policy, [...identities.values()], now)
  const forgotten = people.flatMap((person) => {
    const { reason } = person.ruling('personalisation')
    return reason === 'denied' || reason === 'minor' ? (person.identity?.identifiers ?? []) : []
  })
  if (forgotten.length === 0) return
  for (const fold of folds) await fold.forget?.(tx, forgotten)
  await dropPersonal(tx, forgotten)
}
