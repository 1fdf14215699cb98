/** Who a message is from: the shop, or the person to whom the customer belongs, when that person is at work. */
import type { Config } from '../config.ts'
import type { Permit } from '../consent/permit.ts'
import type { Reader } from '../db/database.ts'
import { mailboxOf } from './channels/email.ts'
import { atWorkFrom, ownerOf, present, type SenderProfile, senderProfiles } from './owners.ts'
import type { Recipient } from './recipient.ts'
import type { Speaker } from './view.ts'

/** A person of the shop, as far as senders are concerned. */
export interface Colleague {
  readonly id: string
  readonly name: string
  readonly email: string | null
  readonly removed: number | null
}

export interface Speakers {
  /** `from`: `owner`, an id of a person, or undefined = the shop. `at` = nobody speaks before. */
  of(from: string | undefined, recipient: Recipient, now: number): Promise<Speaker | { at: number; reason: string }>
  /** To whom the customer belongs, and who speaks for him now. */
  ownerOf(
    recipient: Pick<Recipient, 'identity' | 'traits'> & { readonly permit: Permit | null },
    now: number,
  ): Promise<{ owner: string | null; speaks: Colleague | null }>
}

export interface SpeakerNeeds {
  readonly reader: Reader
  readonly config: Pick<Config, 'messages'>
  people(): Promise<readonly Colleague[]>
  /** Whether the customer is in the segment of that name. */
  isIn(segment: string, permit: Permit): Promise<boolean>
}

export function createSpeakers({ reader, config, people, isIn }: SpeakerNeeds): Speakers {
  const shop = (): Speaker => {
    const { messages } = config
    const box = messages.from === null ? { name: messages.legalName ?? '', address: '' } : mailboxOf(messages.from)
    return { person: null, signature: box.name, ...box }
  }
  const speakerFor = async (person: string, now: number) => {
    const [profiles, everybody] = [await senderProfiles(reader), await people()]
    const here = new Map(everybody.filter(({ removed }) => removed === null).map((one) => [one.id, one]))
    const id = present(person, profiles, new Set(here.keys()), now)
    const colleague = id === null ? null : (here.get(id) ?? null)
    return { colleague, profile: (id !== null && profiles.get(id)) || ({} as SenderProfile) }
  }
  const owned: Speakers['ownerOf'] = async ({ identity, traits, permit }, now) => {
    const { identifiers } = identity
    const owner = await ownerOf(reader, {
      identifiers,
      traits,
      isIn: async (segment) => permit !== null && isIn(segment, permit),
    })
    return { owner, speaks: owner === null ? null : (await speakerFor(owner, now)).colleague }
  }
  return {
    ownerOf: owned,
    async of(from, recipient, now) {
      if (from === undefined || from === 'shop') return shop()
      const person = from === 'owner' ? (await owned(recipient, now)).owner : from
      if (person === null) return shop()
      const { colleague, profile } = await speakerFor(person, now)
      if (!colleague) return shop()
      const at = atWorkFrom(profile, now)
      if (at !== null) return { at, reason: `${colleague.name} is not at work` }
      const own = shop()
      const signature = profile.signature ?? colleague.name
      return { person: colleague.id, name: colleague.name, address: profile.address ?? own.address, signature }
    },
  }
}
