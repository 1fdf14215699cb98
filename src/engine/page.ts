/** The customer's own page: its links, and the code that it asks for before it shows or does what a forwarded link may not. */
import { waitingCodes } from '../access/page-codes.ts'
import { linkDigest, longestLinkMs, pageKeys, proofMs } from '../access/page-link.ts'
import { isRevoked } from '../access/revoked-links.ts'
import { Person } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { consentView } from '../consent/view.ts'
import type { Database } from '../db/database.ts'
import type { CodeSender, PageApi, PageStanding, WaitingCode } from '../engine-api/page.ts'
import { HabitueError } from '../errors.ts'
import type { VolatileSessions } from '../events/volatile-sessions.ts'
import type { Identifier } from '../identity/identity.ts'
import { type IdentifierRecord, identifiersOf, resolve } from '../identity/store.ts'
import { toldRecipient } from '../memory/recipient-facts.ts'
import type { World } from '../world.ts'

interface Needs {
  readonly db: Database
  readonly policy: Policy
  readonly world: World
  readonly visitors: VolatileSessions
  readonly sender: CodeSender
}

export async function pageApi({ db, policy, world, visitors, sender }: Needs): Promise<PageApi> {
  const keys = await pageKeys(db)
  const behind = async (who: Identifier) => {
    const identity = await resolve(db, who)
    return { identity, names: identity ? await identifiersOf(db, identity) : [] }
  }
  const waiting = async (): Promise<WaitingCode[]> => {
    const codes = await waitingCodes(db, world.now())
    const found = await Promise.all(
      codes.map(async ({ customer, ...code }) => {
        const names = await identifiersOf(db, { customer })
        const email = addressOf(names)
        const users = names.filter(({ kind }) => kind === 'user').map(({ value }) => value)
        return email === null ? [] : [{ ...code, email, users }]
      }),
    )
    return found.flat()
  }
  const sent = (id: string) => db.write<boolean>('access.sentPageCode', { id })
  return {
    issue(who, lifeMs) {
      const expires = world.now() + Math.min(lifeMs, longestLinkMs)
      const token = keys.seal({ who, expires }, world.bytes(12))
      return { token, id: linkDigest(token), expires }
    },
    revoke: (id) => db.write('access.revokePageLink', { link: id, now: world.now() }),
    async open(token) {
      const link = keys.open(token, world.now())
      if (await isRevoked(db, linkDigest(token)))
        throw new HabitueError('page_link_invalid', 'The link was taken back.', { revoked: true })
      return { ...link, form: keys.formWord(token) }
    },
    isForm: (token, word) => keys.isFormWord(token, word),
    isProven: (token, proof) => keys.isProof(token, proof, world.now()),
    standing: async (who) => standingOf(who, (await behind(who)).names),
    async askCode(token) {
      const { who } = keys.open(token, world.now())
      const { identity, names } = await behind(who)
      if (!identity || standingOf(who, names).guard !== 'code')
        throw new HabitueError('conflict', 'No e-mail address is known to which a code could be sent.')
      const id = world.uuid()
      const { customer } = identity
      await db.write('access.askPageCode', { id, customer, link: linkDigest(token), now: world.now() })
      const code = (await waiting()).find((one) => one.id === id)
      if (code && (await sender.send(code))) await sent(id)
    },
    async prove(token, code) {
      const now = world.now()
      const { expires } = keys.open(token, now)
      const given = code.replace(/[\s-]/g, '')
      const isRight = await db.write<boolean>('access.tryPageCode', { link: linkDigest(token), code: given, now })
      return isRight ? keys.proof(token, Math.min(expires, now + proofMs)) : null
    },
    waiting,
    sent,
    visit(who) {
      const session = who.kind === 'anonymous' ? visitors.of(who.value) : null
      return (session?.events ?? []).map(({ event: { name, time, products } }) => {
        const [first] = products
        return { name, time, item: first?.names[0] ?? null, title: first?.title ?? null }
      })
    },
    minors: ({ parts }) =>
      parts.people
        .filter(({ kind }) => kind === 'recipient')
        .map(({ subject }) => subject)
        .filter((name) => toldRecipient(parts.people, name, { majority: policy.majority, now: world.now() })?.isMinor),
    endVisit: (who) => {
      if (who.kind === 'anonymous') visitors.forget(who.value)
    },
    unasked: () => consentView(new Person(policy, null, [], world.now())),
  }
}

/** The address of which was heard last. */
function addressOf(names: readonly IdentifierRecord[]): string | null {
  const addresses = names.filter(({ kind }) => kind === 'email').sort((a, b) => b.lastSeen - a.lastSeen || b.id - a.id)
  return addresses[0]?.value ?? null
}

function standingOf(who: Identifier, names: readonly IdentifierRecord[]): PageStanding {
  if (who.kind === 'anonymous') {
    // Whoever sits at this browser need not be the customer who once logged in on it.
    const isVisitor = names.every(({ kind }) => kind === 'anonymous')
    return { guard: isVisitor ? 'none' : 'account', email: null }
  }
  const email = addressOf(names)
  return { guard: email === null ? 'shop' : 'code', email }
}
