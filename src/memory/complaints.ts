/** Complaints that are open: whoever serves the customer sees them first, and whoever would advertise to him waits. */
import type { Permit } from '../consent/permit.ts'
import type { Reader } from '../db/database.ts'
import { currentFacts, type FactView } from './fact-view.ts'
import { storedFacts } from './facts.ts'

export function isOpenComplaint({ kind, value }: Pick<FactView, 'kind' | 'value'>): boolean {
  return kind === 'complaint' && (value as { state?: string }).state === 'open'
}

/** The latest first. */
export async function openComplaints(reader: Reader, permit: Permit, now: number): Promise<FactView[]> {
  const { statements, tombstones } = await storedFacts(reader, permit)
  const complaints = statements.filter(({ kind }) => kind === 'complaint')
  const open = currentFacts({ statements: complaints, tombstones }, now).filter(isOpenComplaint)
  return open.sort((a, b) => b.confirmed - a.confirmed)
}

/** What keeps marketing silent now; null = nothing of this kind. Asked by whoever would send or show an advertisement. */
export interface Silence {
  readonly reason: 'open-complaint'
  /** The id of the fact. */
  readonly fact: string
  /** Since when, milliseconds. */
  readonly since: number
}

export async function marketingSilencedBy(reader: Reader, permit: Permit, now: number): Promise<Silence | null> {
  const [complaint] = (await openComplaints(reader, permit, now)).toReversed()
  return complaint ? { reason: 'open-complaint', fact: complaint.id, since: complaint.validFrom } : null
}
