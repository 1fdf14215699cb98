/** What whoever serves a customer is told before he opens his mouth. */
import type { Session } from '../access/sessions.ts'
import type { Identifier } from '../identity/identity.ts'
import type { Brief } from '../memory/brief.ts'
import type { MemoryStatement } from '../memory/document.ts'
import type { Trouble } from '../memory/troubles.ts'
import type { Teller } from './customers.ts'

export interface HiddenGift {
  /** The shop's id. */
  readonly item: string
  readonly title: string | null
  readonly recipient: string
  /** Until when it is not to be mentioned, milliseconds. */
  readonly until: number
}

export interface Standing {
  readonly complaints: readonly MemoryStatement[]
  readonly troubles: readonly Trouble[]
  readonly brief: Brief<MemoryStatement>
  readonly hidden: readonly HiddenGift[]
  /** Advertising is silent, because of an open complaint. */
  readonly isSilent: boolean
}

export interface DeskApi {
  /** What every form of this session must send back; it stays as the token in the cookie changes. */
  formWord(session: Session): Promise<string>
  isFormWord(session: Session, given: string): Promise<boolean>
  /** Null = nobody of that name, or nothing of him may be used. */
  standing(who: Identifier): Promise<Standing | null>
  /** What a person of the shop records of a conversation. @throws HabitueError consent_refused, card_number */
  record(
    who: Identifier,
    name: 'Complaint Received' | 'Note Added',
    properties: Readonly<Record<string, unknown>>,
    teller: Teller,
  ): Promise<void>
}
