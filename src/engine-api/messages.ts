/** Messages to customers, as HTTP and the command line see them. */
import type { Identifier } from '../identity/identity.ts'
import type { InboxMessage } from '../messages/inbox.ts'
import type { MessageState, Outcome, SendRequest } from '../messages/message.ts'
import type { SenderProfile, SenderRule } from '../messages/owners.ts'
import type { Rendered } from '../messages/render.ts'
import type { Settlement } from '../messages/settling.ts'
import type { StoredTemplate } from '../messages/template-store.ts'

export type { MessageState, Outcome } from '../messages/message.ts'
export { SenderProfile, SenderRule } from '../messages/owners.ts'
export type { Settlement } from '../messages/settling.ts'
export { Template } from '../messages/template.ts'
export type { StoredTemplate } from '../messages/template-store.ts'

export interface MessageView {
  readonly id: number
  readonly key: string
  readonly customer: Identifier | null
  readonly address: string | null
  readonly channel: string
  readonly purpose: string
  readonly template: string
  readonly version: number | null
  readonly sender: string | null
  readonly journey: string | null
  readonly subject: string | null
  readonly state: MessageState
  readonly reason: string | null
  readonly response: string | null
  readonly attempts: number
  /** Milliseconds, as are all times. */
  readonly created: number
  readonly due: number | null
  readonly sent: number | null
  readonly settled: string | null
  readonly replied: number | null
}

export type Wanted = Omit<SendRequest, 'customer' | 'now' | 'repeat' | 'key'> & { readonly key?: string }

export interface MessagesApi {
  /** @throws HabitueError not_found (nobody is known by that name) */
  send(who: Identifier, wanted: Wanted): Promise<{ readonly outcome: Outcome; readonly message: MessageView | null }>
  list(query: {
    state?: MessageState
    channel?: string
    journey?: string
    who?: Identifier
    before?: number
    limit: number
  }): Promise<readonly MessageView[]>
  get(id: number): Promise<MessageView | null>
  /** Ends a doubt. @throws HabitueError not_found, conflict (it is not in doubt) */
  settle(id: number, as: Settlement, by: string, reason: string | null): Promise<MessageView>
  /** Tries a dead letter again. @throws HabitueError not_found, conflict */
  replay(id: number, by: string): Promise<MessageView>
  templates(): Promise<readonly StoredTemplate[]>
  versions(name: string): Promise<readonly StoredTemplate[]>
  /** Answers the version that holds. @throws HabitueError invalid_template */
  putTemplate(name: string, template: unknown): Promise<StoredTemplate>
  /** @throws HabitueError not_found */
  removeTemplate(name: string): Promise<void>
  /** As it would be said now; nothing is sent. @throws HabitueError invalid_template, template_failed, not_found */
  preview(wanted: {
    readonly name?: string
    readonly template?: unknown
    readonly who?: Identifier
    readonly language?: string
    readonly data?: Readonly<Record<string, unknown>>
  }): Promise<Rendered>
  /** What waits for him on the shop's pages, the newest first; null where nobody is known by that name. */
  inbox(who: Identifier): Promise<readonly InboxMessage[] | null>
  /** False = nothing of that id waits for him. */
  markInbox(who: Identifier, message: number, as: 'seen' | 'dismissed'): Promise<boolean>
  senders(): Promise<readonly { readonly person: string; readonly profile: SenderProfile }[]>
  /** @throws HabitueError invalid_body, not_found (no such person) */
  putSender(person: string, profile: unknown): Promise<void>
  ownerRules(): Promise<readonly { readonly id: string; readonly rule: SenderRule }[]>
  /** All rules, in order. @throws HabitueError invalid_body */
  putOwnerRules(rules: readonly { readonly id: string; readonly rule: unknown }[]): Promise<void>
  /** Gives a customer to a person of the shop; null takes him back. @throws HabitueError not_found */
  assign(who: Identifier, person: string | null): Promise<void>
  /** Null where nobody is known by that name. */
  owner(who: Identifier): Promise<{ readonly owner: string | null; readonly speaks: string | null } | null>
}
