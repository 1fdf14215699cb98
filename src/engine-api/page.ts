/** The customer's own page, as HTTP sees it: links, who stands behind one, and the code that proves an e-mail address. */
import type { PageLink } from '../access/page-link.ts'
import type { ConsentView } from '../consent/view.ts'
import type { Identifier } from '../identity/identity.ts'
import type { MemoryDocument } from '../memory/document.ts'

/**
 * What the page asks for before it shows people, addresses and payment, exports or erases. `code`: one that was sent to
 * the known e-mail address. `none`: nothing, for a visitor of whom no name is known. `shop`: no address is known, so only
 * the shop can do it. `account`: a link for a browser on which a known customer was logged in shows nothing at all.
 */
export type PageGuard = 'code' | 'none' | 'shop' | 'account'

export interface PageStanding {
  readonly guard: PageGuard
  /** To which a code goes. */
  readonly email: string | null
}

/** A code that has to reach a customer. */
export interface WaitingCode {
  readonly id: string
  /** Six digits. */
  readonly code: string
  readonly email: string
  /** His user ids. */
  readonly users: readonly string[]
  /** Milliseconds since 1970. */
  readonly until: number
}

export interface CodeSender {
  /** @returns false = it is left to the shop's server, which fetches it */
  send(code: WaitingCode): Promise<boolean>
}

export interface PassingAct {
  /** Of the event; '' = none. */
  readonly name: string
  /** Milliseconds since 1970. */
  readonly time: number
  /** As the event named it. */
  readonly item: string | null
  readonly title: string | null
}

export interface PageApi {
  /** A link for one customer, or for one visitor by his anonymous id; `id` names it where it must not stand. @throws HabitueError invalid_body */
  issue(who: Identifier, lifeMs: number): { readonly token: string; readonly id: string; readonly expires: number }
  /** Takes one link back, by its id: the page that it opens is closed from now on. */
  revoke(id: string): Promise<void>
  /** `form` = what its forms must send back. @throws HabitueError page_link_invalid */
  open(token: string): Promise<PageLink & { readonly form: string }>
  isForm(token: string, word: string): boolean
  /** Whether the browser that sends `proof` gave the code for this link. */
  isProven(token: string, proof: string): boolean
  standing(who: Identifier): Promise<PageStanding>
  /** @throws HabitueError conflict (no address is known), rate_limited */
  askCode(token: string): Promise<void>
  /** What the browser is to keep; null = it was not the code, or too late. */
  prove(token: string, code: string): Promise<string | null>
  /** Codes that the shop's server has to send. */
  waiting(): Promise<readonly WaitingCode[]>
  /** It was sent. False = no such code waits. */
  sent(id: string): Promise<boolean>
  /** What a visitor did in this session, which is stored nowhere (docs/before-login.md); empty for everybody else. */
  visit(who: Identifier): readonly PassingAct[]
  endVisit(who: Identifier): void
  /** The names of those among the people whom a customer told of who are minors: they are chosen for if he agrees. */
  minors(memory: MemoryDocument): readonly string[]
  /** What holds for somebody who never answered. */
  unasked(): ConsentView
}
