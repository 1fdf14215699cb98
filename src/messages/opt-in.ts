/**
 * Double opt-in: who agrees to advertising by mail confirms it from that mailbox, so that nobody can agree for another.
 * What confirms is an answer of its own, with the mail as its proof.
 */
import type { Person } from '../consent/permit.ts'

/** As `source` of the answer that confirms. */
export const confirmedBy = 'double-opt-in'

/** Of answers that were brought along with their proof (an import) the shop has vouched for how they were given. */
export function isConfirmed(person: Person, channel: string): boolean {
  const { standing, reason } = person.ruling('marketing', channel)
  // Where it rests on another basis than consent, there is nothing to confirm.
  if (reason !== 'granted') return true
  return standing.row?.source === confirmedBy || (standing.row?.weak === 1 && standing.row.proof !== null)
}

/** The key of the mail that asks: one for each time he agrees. */
export function optInKey(identifier: number, person: Person, channel: string): string {
  const { standing } = person.ruling('marketing', channel)
  return `opt-in:${channel}:${identifier}:${standing.row?.time ?? 0}`
}
