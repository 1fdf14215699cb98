/** What links in messages lead to, and what comes back by mail. Whoever has the link may use it: it came to one mailbox. */
export interface Leaving {
  /** `email`, `on-site`. */
  readonly channel: string
  readonly shop: string
  /** Advertising on this channel is refused now. */
  readonly refused: boolean
  /** Every advertising is refused now. */
  readonly refusedAll: boolean
}

/** A mail as a provider's webhook gives it, already taken apart. */
export interface InboundFields {
  /** The address that it came to: `reply+<token>@...`. */
  readonly to: string
  readonly from: string
  readonly subject?: string
  readonly text?: string
  readonly messageId?: string
  /** `reply` by default. */
  readonly kind?: 'reply' | 'bounce' | 'delivered' | 'complaint' | 'unsubscribe' | 'automatic'
  readonly reason?: string
  /** Of a bounce: the address works no more; else it was full, slow, or did not want this mail. */
  readonly permanent?: boolean
}

export interface InboundAnswer {
  readonly kind: string
  /** False = it is about no message of ours, and nothing was done. */
  readonly known: boolean
}

export interface MailDoorsApi {
  /** Mail that came back; the same twice counts once. */
  inbound(mail: Uint8Array | InboundFields): Promise<InboundAnswer>
  /** To where a link leads; notes the click. Null = it is none of ours. */
  follow(link: string, from: { readonly agent: string | undefined; readonly isLook: boolean }): Promise<string | null>
  /** What the page of an unsubscribe link shows; null = it is none of ours. */
  leaving(link: string): Promise<Leaving | null>
  /** Refuses advertising on the channel of the message, or all. False = the link is none of ours. */
  leave(link: string, all: boolean): Promise<boolean>
  /** The address that a confirmation link is about; null = it is none of ours. */
  confirming(
    link: string,
  ): Promise<{ readonly address: string; readonly shop: string; readonly confirmed: boolean } | null>
  confirm(link: string, wording: string): Promise<boolean>
  /** Asks for confirmation by mail. @throws HabitueError not_found, conflict */
  askOptIn(who: { readonly kind: string; readonly value: string }): Promise<void>
}
