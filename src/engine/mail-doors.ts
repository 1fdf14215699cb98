/** Links of messages: clicks, "no more of these", and the confirmation of a consent. */
import type { Person } from '../consent/permit.ts'
import { personOf } from '../consent/store.ts'
import type { MailDoorsApi } from '../engine-api/mail-doors.ts'
import { HabitueError } from '../errors.ts'
import type { IdentifierRecord } from '../identity/store.ts'
import { identifiersOf, identifiersWith, resolve } from '../identity/store.ts'
import {
  type Click,
  clicksToJudge,
  isProgram,
  judgedAfterMs,
  machineClicks,
  type WaitingClick,
} from '../messages/clicks.ts'
import type { LinkPurpose } from '../messages/links.ts'
import { type DueWork, type Messenger, optInRequest } from '../messages/messenger.ts'
import { confirmedBy, isConfirmed, optInKey } from '../messages/opt-in.ts'
import { type PrepareNeeds, shopOf } from '../messages/prepare.ts'
import { mailAddressOf } from '../messages/recipient.ts'
import { messageById, messageByToken, type StoredMessage } from '../messages/store.ts'
import { recordOwn } from './facts.ts'
import { teller } from './own-events.ts'

const clicksAtOnce = 200

interface Behind {
  readonly row: StoredMessage
  readonly named: IdentifierRecord
  readonly person: Person
}

/** The message of a signed link, and whoever it was to; null = no such link was ever made, or he was erased. */
async function behindLink(means: PrepareNeeds, link: string, purpose: LinkPurpose): Promise<Behind | null> {
  const opened = means.keys.open(link)
  if (opened?.purpose !== purpose) return null
  const row = await messageByToken(means.db, opened.token)
  return row && behindRow(means, row)
}

async function behindRow({ db, policy, world }: PrepareNeeds, row: StoredMessage): Promise<Behind | null> {
  const [named] = await identifiersWith(db, [row.identifier])
  if (!named) return null
  const names = await identifiersOf(db, named)
  const identity = { customer: named.customer, identifiers: names.map(({ id }) => id).sort((a, b) => a - b) }
  return { row, named, person: await personOf(db, policy, identity, world.now()) }
}

export function mailDoors(means: PrepareNeeds, messenger: Messenger): Omit<MailDoorsApi, 'inbound'> {
  const { db, config, policy, world, keys } = means
  const event = (name: string, named: IdentifierRecord, messageId: string, properties: Record<string, unknown>) =>
    recordOwn(means, [{ name, who: named, messageId, time: world.now(), properties }], teller)
  return {
    async follow(link, { agent, isLook }) {
      const opened = keys.open(link)
      if (typeof opened?.purpose !== 'number') return null
      const row = await messageByToken(db, opened.token)
      const address = row && (JSON.parse(row.links ?? '[]') as string[])[opened.purpose]
      if (!row || !address) return null
      const click: Click = {
        message: row.id,
        identifier: row.identifier,
        link: opened.purpose,
        time: world.now(),
        state: isProgram(agent) ? 'program' : 'new',
      }
      if (!isLook) await db.write('messages.click', click)
      return address
    },
    async leaving(link) {
      const found = await behindLink(means, link, 'unsubscribe')
      if (!found) return null
      const { row, person } = found
      const isDenied = (channel: string) => person.standing('marketing', channel).answer === 'denied'
      return {
        channel: row.channel,
        shop: shopOf(config).name,
        refused: isDenied(row.channel),
        refusedAll: isDenied(''),
      }
    },
    async leave(link, all) {
      const found = await behindLink(means, link, 'unsubscribe')
      if (!found) return false
      const { row, named, person } = found
      if (person.standing('marketing', all ? '' : row.channel).answer === 'denied') return true
      await (all
        ? event('Consent Withdrawn', named, world.uuid(), { purposes: ['marketing'], source: 'unsubscribe' })
        : event('Unsubscribed', named, world.uuid(), { channel: row.channel, message: row.token }))
      return true
    },
    async confirming(link) {
      const found = await behindLink(means, link, 'confirm')
      if (!found?.row.address) return null
      const confirmed = isConfirmed(found.person, 'email') && found.person.ruling('marketing', 'email').allowed
      return { address: found.row.address, shop: shopOf(config).name, confirmed }
    },
    async confirm(link, wording) {
      const found = await behindLink(means, link, 'confirm')
      if (!found) return false
      const { row, named } = found
      const sent = new Date(row.sent ?? row.created).toISOString()
      const proof = `Confirmed from ${row.address} by the link of the message ${row.token}, sent ${sent}.`
      const properties = { purposes: ['marketing:email'], source: confirmedBy, wording, proof }
      // Each link agrees once: one that is found years later does not take back what was refused since.
      await event('Consent Given', named, `confirm:${row.token}`, properties)
      const after = await behindLink(means, link, 'confirm')
      return after ? after.person.ruling('marketing', 'email').allowed && isConfirmed(after.person, 'email') : false
    },
    async askOptIn(who) {
      const identity = await resolve(db, who)
      if (!identity)
        throw new HabitueError('not_found', `Nobody is known by the ${who.kind} ${JSON.stringify(who.value)}.`)
      const address = await mailAddressOf(db, await identifiersOf(db, identity))
      if ('reason' in address) throw new HabitueError('conflict', `No confirmation can be asked: ${address.reason}.`)
      if (config.page.url === null)
        throw new HabitueError('conflict', 'A confirmation needs the address of this server: HABITUE_PAGE_URL.')
      const person = await personOf(db, policy, identity, world.now())
      const asked = { customer: identity.customer, now: world.now() }
      await messenger.send(optInRequest(asked, optInKey(address.id, person, 'email')))
    },
  }
}

/** Judges clicks some seconds after they happened; those of people become events, where he allows it. */
export function clickWork(means: PrepareNeeds): DueWork {
  const { db } = means
  const settle: DueWork['settle'] = async (now) => {
    const byMessage = await clicksToJudge(db, now, clicksAtOnce)
    let done = 0
    for (const [id, clicks] of byMessage) {
      const row = await messageById(db, id)
      if (row) done += await judged(means, row, clicks, now)
    }
    return { done, next: done >= clicksAtOnce ? now : null }
  }
  return { name: 'clicks', settle }
}

async function judged(
  means: PrepareNeeds,
  row: StoredMessage,
  clicks: readonly WaitingClick[],
  now: number,
): Promise<number> {
  const links = JSON.parse(row.links ?? '[]') as string[]
  const machine = machineClicks(clicks, row.sent, links.length)
  const found = await behindRow(means, row)
  const waiting = clicks.filter(({ state, time }) => state === 'new' && time <= now - judgedAfterMs)
  const mayCount = found?.person.ruling('personalisation').allowed ?? false
  const judgements: { id: number; state: 'counted' | 'robot' | 'quiet' }[] = []
  for (const click of waiting) {
    const state = machine.has(click) ? 'robot' : mayCount ? 'counted' : 'quiet'
    judgements.push({ id: click.id, state })
    if (state !== 'counted' || !found) continue
    const { decision } = JSON.parse(row.items ?? '{}') as { decision?: string | null }
    const more = { decision_id: decision ?? undefined, journey: row.journey ?? undefined, template: row.template }
    const properties = { message: row.token, link: links[click.link], channel: row.channel, ...more }
    const event = {
      name: 'Email Link Clicked',
      who: found.named,
      messageId: `click:${click.id}`,
      time: click.time,
      properties,
    }
    await recordOwn(means, [event], teller)
  }
  await means.db.write('messages.judgeClicks', judgements)
  return waiting.length
}
