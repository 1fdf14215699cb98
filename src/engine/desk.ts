/** What whoever serves a customer is told first, and what he records. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Session } from '../access/sessions.ts'
import { permit } from '../consent/permit.ts'
import { personOf } from '../consent/store.ts'
import { secretKey } from '../db/secret.ts'
import type { DeskApi, HiddenGift } from '../engine-api/desk.ts'
import { resolve } from '../identity/store.ts'
import { briefOf } from '../memory/brief.ts'
import { isOpenComplaint } from '../memory/complaints.ts'
import { agreedIn, type Occasion } from '../memory/decision-facts.ts'
import { discreetSubject } from '../memory/discreet.ts'
import { inOrder, knownFacts, stated } from '../memory/document.ts'
import type { FactView } from '../memory/fact-view.ts'
import { hiddenGifts, hiddenUntil } from '../memory/hidden-gifts.ts'
import { type History, history } from '../memory/history.ts'
import { observedEvents } from '../memory/observed-events.ts'
import { troublesOf } from '../memory/troubles.ts'
import { type FactNeeds, recordOwn } from './facts.ts'

export function deskApi(needs: FactNeeds): DeskApi {
  const { db, catalogue, policy, world } = needs
  // Bound to what does not change while somebody is signed in: who it is, and until when at the latest.
  const formWord = async ({ person, until }: Session) =>
    createHmac('sha256', await secretKey(db, 'desk form'))
      .update(`${person.id} ${until}`)
      .digest('base64url')
  return {
    formWord,
    async isFormWord(session, given) {
      const [a, b] = [Buffer.from(given), Buffer.from(await formWord(session))]
      return a.length === b.length && timingSafeEqual(a, b)
    },
    async standing(who) {
      const now = world.now()
      const identity = await resolve(db, who)
      const person = identity && (await personOf(db, policy, identity, now))
      const allowed = person && permit(person, 'service', { ceiling: 'intimate' })
      if (!allowed) return null
      await catalogue.upToDate(db)
      const profile = permit(person, 'personalisation', { ceiling: 'intimate' })
      const { facts } = await knownFacts(db, allowed, profile, catalogue, { now, past: false })
      const agreed = agreedIn(facts)
      const statements = inOrder(facts).map((fact) => stated(fact, catalogue))
      const complaints = statements.filter(isOpenComplaint)
      const events = await observedEvents(db, allowed)
      const named = (id: number) => {
        const item = catalogue.canonical(id)
        return { item: catalogue.shopId(item) ?? '', title: catalogue.title(item) }
      }
      return {
        complaints,
        troubles: troublesOf(events, now),
        brief: briefOf(statements, (subject) => discreetSubject(subject, agreed, catalogue)),
        hidden: hiddenOf(await history(db, allowed), occasionsIn(facts), now, named),
        isSilent: complaints.length > 0,
      }
    },
    async record(who, name, properties, teller) {
      await recordOwn(needs, [{ name, who, properties, messageId: world.uuid(), time: world.now() }], teller)
    },
  }
}

function occasionsIn(facts: readonly FactView[]): Occasion[] {
  return facts.flatMap(({ kind, recipient, value }) =>
    kind === 'occasion' ? [{ recipient, date: (value as { date: string }).date }] : [],
  )
}

/** Presents that their day has not unwrapped, each with whom it is for and until when. */
function hiddenOf(
  { self, recipients }: History,
  occasions: readonly Occasion[],
  now: number,
  named: (item: number) => Pick<HiddenGift, 'item' | 'title'>,
): HiddenGift[] {
  const { hidden } = hiddenGifts(recipients, self, occasions, now)
  return [...recipients].flatMap(([recipient, rows]) => {
    const dates = occasions.filter((one) => one.recipient.toLowerCase() === recipient.toLowerCase())
    return rows.flatMap(({ item, bought, bought_last: time }) =>
      bought > 0 && hidden.has(item) ? [{ ...named(item), recipient, until: hiddenUntil(time, dates) }] : [],
    )
  })
}
