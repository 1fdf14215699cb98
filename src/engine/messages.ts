/** Messages, put together: what the messenger needs of everything else, and what HTTP and the command line ask of it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { longestLinkMs, pageKeys } from '../access/page-link.ts'
import { listPeople } from '../access/people.ts'
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import { permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { personOf } from '../consent/store.ts'
import type { Database } from '../db/database.ts'
import type { DecisionAnswer, DecisionRequest } from '../decisions/request.ts'
import type { MessagesApi, MessageView } from '../engine-api/messages.ts'
import type { CodeSender } from '../engine-api/page.ts'
import type { RightsApi } from '../engine-api/rights.ts'
import type { Engine } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import type { Identifier, Identity } from '../identity/identity.ts'
import { identifiersWith, resolve } from '../identity/store.ts'
import { traitsOf } from '../memory/customer.ts'
import type { Trouble } from '../messages/alarms.ts'
import { builtInNames } from '../messages/built-in.ts'
import { type MailChannel, mailboxOf, mailChannel, plainMail, staffChannel } from '../messages/channels/email.ts'
import { onSiteChannel } from '../messages/channels/on-site.ts'
import { type Hooks, webhookChannel, webhooks } from '../messages/channels/webhook.ts'
import type { Bounce, Bounced } from '../messages/handover.ts'
import { inboxOf } from '../messages/inbox.ts'
import { linkKeys } from '../messages/links.ts'
import { mailServerUrl } from '../messages/mail-server-url.ts'
import { createMailbox, type MailboxOptions } from '../messages/mailbox.ts'
import type { MessageState } from '../messages/message.ts'
import { createMessenger, type Messenger } from '../messages/messenger.ts'
import { parseProfile, parseRule, senderProfiles, senderRules } from '../messages/owners.ts'
import type { PrepareNeeds } from '../messages/prepare.ts'
import { preview } from '../messages/preview.ts'
import { parseQuietHours } from '../messages/quiet-hours.ts'
import { createSpeakers } from '../messages/speakers.ts'
import { listMessages, messageById, messageByKey, type StoredMessage } from '../messages/store.ts'
import { parseTemplate, templateOfFile } from '../messages/template.ts'
import { currentTemplates, versionsOf } from '../messages/template-store.ts'
import { segmentsOf } from '../segments/store.ts'
import type { World } from '../world.ts'
import { type AlarmNeeds, alarmWork } from './alarms.ts'
import { erasureNoticeWork, tellingOfErasure } from './erasure-told.ts'
import { recordOwn } from './facts.ts'
import { inboundDoor } from './inbound.ts'
import { clickWork, mailDoors } from './mail-doors.ts'
import { teller } from './own-events.ts'

export interface MessageNeeds {
  readonly db: Database
  readonly config: Config
  readonly policy: Policy
  readonly world: World
  readonly log: Logger
  readonly catalogue: Catalogue
  decide(request: DecisionRequest): Promise<DecisionAnswer>
}

export interface MessageParts {
  readonly messenger: Messenger
  /** How other programs are called: signed, and kept from private addresses. */
  readonly hooks: Hooks
  /** Sends the codes of customers' pages; leaves them to the shop's server where no mail server is set. */
  readonly codeSender: CodeSender
  /** The same rights, of which other programs are told that need to know. */
  telling(rights: RightsApi): RightsApi
  readonly apis: Pick<Engine, 'messages' | 'mailDoors'> & { readonly messenger: Messenger }
}

const mailboxPatienceMs = 5 * 60_000

/** @throws HabitueError invalid_config, invalid_template */
export async function messagesOf(needs: MessageNeeds): Promise<MessageParts> {
  const { db, config, policy, world, log, catalogue, decide } = needs
  checkSettings(config)
  await readTemplates(db, config, world)
  const pages = await pageKeys(db)
  const base = config.page.url?.replace(/\/+$/, '')
  const means: PrepareNeeds = {
    db,
    config,
    policy,
    world,
    catalogue,
    decide,
    keys: await linkKeys(db),
    speakers: createSpeakers({
      reader: db,
      config,
      people: () => listPeople(db),
      isIn: async (segment, allowed) => (await segmentsOf(db, allowed)).some((one) => one.segment === segment),
    }),
    pageLink: (who) => `${base}/page/${pages.seal({ who, expires: world.now() + longestLinkMs }, world.bytes(12))}`,
  }
  const bounced = bounceNoted(needs)
  const hooks = webhooks({ secret: config.messages.webhookSecret, hosts: config.messages.webhookHosts, world })
  const mail = mailChannel(config, world)
  const channels = [mail, staffChannel(mail), onSiteChannel(), webhookChannel(hooks)]
  const box = mailboxWork(needs, (raw) => inbound(raw))
  const alarms = alarmWork({ db, config, log, tell: operatorTold(config, world, mail), here: box.troubles })
  const receivers = { db, config, hooks, log, world }
  const works = [clickWork(means), alarms, erasureNoticeWork(receivers), ...box.works]
  const messenger = createMessenger({ ...means, log, bounced, channels, works })
  const inbound = inboundDoor({ means, messenger, log, bounced })
  const doors = { ...mailDoors(means, messenger), inbound }
  const apis = { messenger, messages: messagesApi(means, messenger), mailDoors: doors }
  const telling = (rights: RightsApi) => tellingOfErasure(rights, receivers)
  return { messenger, hooks, apis, telling, codeSender: codesByMail(means, messenger) }
}

/** The mailbox that is read, where one is set. */
function mailboxWork({ config, log }: MessageNeeds, take: MailboxOptions['take']) {
  const { imapUrl, smtpCaFile: caFile } = config.messages
  if (imapUrl === null) return { works: [], troubles: () => [] }
  const box = createMailbox({ server: mailServerUrl('messages.imapUrl', imapUrl, 'imap'), caFile, take, log })
  const troubles = (now: number): Trouble[] => {
    const trouble = box.trouble()
    if (trouble === null || now - trouble.since < mailboxPatienceMs) return []
    const { reason, isRead } = trouble
    const name = 'mailbox-failing'
    if (isRead) {
      const detail = `What came into the mailbox of replies cannot be stored: ${reason}`
      return [{ name, detail, mend: 'Look at the database and the log; mail waits unseen in the mailbox.' }]
    }
    const detail = `The mailbox of replies cannot be read: ${reason}`
    return [{ name, detail, mend: 'Look at the mail server and HABITUE_IMAP_URL; mail waits there.' }]
  }
  return { works: [box], troubles }
}

/** True where nobody is to be told. */
function operatorTold({ messages }: Config, world: World, mail: MailChannel): AlarmNeeds['tell'] {
  return async (subject, text) => {
    const { operator, smtpUrl, from } = messages
    if (operator === null || smtpUrl === null || from === null) return true
    const head = { from: mailboxOf(from), to: { name: '', address: operator } }
    const token = Buffer.from(world.bytes(16)).toString('base64url')
    return plainMail(mail, head, { token, subject: `[Habitue] ${subject}`.slice(0, 200), text, now: world.now() })
  }
}

function codesByMail({ db, config, world }: PrepareNeeds, messenger: Messenger): CodeSender {
  return {
    async send({ id, code, email, until }) {
      if (config.messages.smtpUrl === null || config.messages.from === null) return false
      const identity = await resolve(db, { kind: 'email', value: email })
      if (!identity) return false
      const now = world.now()
      const data = { code, minutes: Math.max(1, Math.round((until - now) / 60_000)) }
      const about = { channel: 'email', purpose: 'service', template: builtInNames.code, automatic: false } as const
      // Not repeated: the code would stand in the row that waits, and be of no use when it comes.
      const request = { ...about, key: `page-code:${id}`, customer: identity.customer, address: email, data, now }
      return (await messenger.send(request)).kind === 'done'
    },
  }
}

/** Whoever serves the customer sees it; an address that takes no mail any more is not written to again. */
export function bounceNoted(needs: Pick<MessageNeeds, 'db' | 'config' | 'world' | 'log'>) {
  const { db, log } = needs
  return async ({ identifier, token, subject }: Bounced, { reason, permanent, now }: Bounce): Promise<void> => {
    const [named] = await identifiersWith(db, [identifier])
    if (named?.kind !== 'email') return
    if (permanent) await db.write('messages.markAddress', { identifier, state: 'bounced', reason, time: now })
    const bounce_type = permanent ? 'permanent' : 'temporary'
    const about = { email_id: token, ...(subject ? { email_subject: subject } : {}) }
    const properties = { ...about, email: named.value, bounce_type, reason }
    const messageId = `${permanent ? '' : 'temporarily-'}bounced:${token}`
    const event = { name: 'Email Bounced', who: named, messageId, time: now, properties }
    const onRefused = (error: unknown) => log.warn({ err: error as Error }, 'a bounce was not kept as an event')
    await recordOwn(needs, [event], teller).catch(onRefused)
  }
}

function checkSettings({ messages }: Config): void {
  const wrong = (name: string, got: unknown, expected: string) =>
    new HabitueError(
      'invalid_config',
      `The setting messages.${name} is ${JSON.stringify(got)}; expected ${expected}.`,
      {
        name: `messages.${name}`,
      },
    )
  if (messages.from !== null) mailboxOf(messages.from)
  if (parseQuietHours(messages.quietHours) === null)
    throw wrong('quietHours', messages.quietHours, 'hours such as 21-8, or nothing')
  if (messages.holdout < 0 || messages.holdout > 1) throw wrong('holdout', messages.holdout, 'a share from 0 to 1')
  if (!(messages.smtpTimeout > 0)) throw wrong('smtpTimeout', messages.smtpTimeout, 'a number of seconds')
  if (!(messages.smtpConnections >= 1)) throw wrong('smtpConnections', messages.smtpConnections, 'at least 1')
}

/** Templates of a folder become new versions where they changed. @throws HabitueError invalid_template, invalid_config */
async function readTemplates(db: Database, { messages }: Config, world: World): Promise<void> {
  const folder = messages.templates
  if (folder === null) return
  let files: string[]
  try {
    files = readdirSync(folder)
  } catch (cause) {
    const message = `The folder of templates cannot be read: ${(cause as Error).message}`
    throw new HabitueError('invalid_config', message, { name: 'messages.templates' }, { cause })
  }
  for (const file of files.filter((name) => name.endsWith('.html')).sort()) {
    const name = file.slice(0, -'.html'.length)
    const words = files.includes(`${name}.txt`) ? readFileSync(join(folder, `${name}.txt`), 'utf8') : null
    const template = templateOfFile(name, readFileSync(join(folder, file), 'utf8'), words)
    await db.write('messages.putTemplate', { name, template, now: world.now() })
  }
}

function messagesApi(means: PrepareNeeds, messenger: Messenger): MessagesApi {
  const { db, world } = means
  const customerOf = async (who: Identifier) => {
    const identity = await resolve(db, who)
    if (!identity)
      throw new HabitueError('not_found', `Nobody is known by the ${who.kind} ${JSON.stringify(who.value)}.`)
    return identity
  }
  const views = async (rows: readonly StoredMessage[]): Promise<MessageView[]> => {
    const names = new Map(
      (await identifiersWith(db, [...new Set(rows.map((row) => row.identifier))])).map((one) => [one.id, one]),
    )
    return rows.map((row) => viewOf(row, names.get(row.identifier) ?? null))
  }
  const one = async (id: number): Promise<MessageView | null> => {
    const row = await messageById(db, id)
    return row ? (await views([row]))[0] : null
  }
  const wanted = async (id: number): Promise<MessageView> => {
    const found = await one(id)
    if (!found) throw new HabitueError('not_found', `There is no message ${id}.`, { id })
    return found
  }
  return {
    async send(who, { key = `api:${world.uuid()}`, ...rest }) {
      const { customer } = await customerOf(who)
      const outcome = await messenger.send({ ...rest, key, customer, now: world.now(), repeat: true })
      const row = await messageByKey(db, key)
      return { outcome, message: row ? (await views([row]))[0] : null }
    },
    async list({ who, ...query }) {
      const identity = who ? await customerOf(who) : null
      return views(await listMessages(db, { ...query, identifiers: identity?.identifiers }))
    },
    get: one,
    async settle(id, as, by, reason) {
      const row = await db.write<StoredMessage | null>('messages.settle', { id, as, by, reason, now: world.now() })
      const view = await wanted(id)
      if (!row)
        throw new HabitueError('conflict', `The message ${id} is not in doubt but ${view.state}.`, {
          state: view.state,
        })
      return view
    },
    async replay(id, by) {
      const isDone = await db.write<boolean>('messages.replay', { id, by, now: world.now() })
      const view = await wanted(id)
      if (isDone) return view
      const message = `The message ${id} cannot be tried again by itself: it is ${view.state}, or belongs to a journey.`
      throw new HabitueError('conflict', message, { state: view.state })
    },
    templates: () => currentTemplates(db),
    versions: (name) => versionsOf(db, name),
    async putTemplate(name, given) {
      const template = parseTemplate(name, given)
      const renderer = await messenger.renderer()
      renderer.check(name, template)
      const now = world.now()
      const version = await db.write<number>('messages.putTemplate', { name, template, now })
      return { name, version, template, created: now }
    },
    async preview({ name, template, who = null, language = null, data = {} }) {
      const renderer = await messenger.renderer()
      const given = template === undefined ? null : parseTemplate(name ?? 'preview', template)
      if (given) renderer.check(name ?? 'preview', given)
      const stored = given
        ? { name: name ?? 'preview', version: 0, template: given, created: 0 }
        : renderer.find(name ?? '', language ?? 'en')
      if (!stored) throw new HabitueError('not_found', `There is no template ${JSON.stringify(name ?? '')}.`)
      return preview(means, renderer, { stored, who, language, data })
    },
    async removeTemplate(name) {
      if (!(await db.write<boolean>('messages.removeTemplate', { name })))
        throw new HabitueError('not_found', `There is no template ${JSON.stringify(name)}.`)
    },
    async inbox(who) {
      const identity = await resolve(db, who)
      if (!identity) return null
      await means.catalogue.upToDate(db)
      const now = world.now()
      return inboxOf(db, await personOf(db, means.policy, identity, now), means.catalogue, now)
    },
    async markInbox(who, id, as) {
      const { identifiers } = await customerOf(who)
      return db.write<boolean>('messages.markInbox', { id, identifiers, as, now: world.now() })
    },
    ...ownersApi(means, customerOf),
  }
}

type OwnersApi = Pick<MessagesApi, 'senders' | 'putSender' | 'ownerRules' | 'putOwnerRules' | 'assign' | 'owner'>

function ownersApi(
  { db, world, policy, speakers }: PrepareNeeds,
  customerOf: (who: Identifier) => Promise<Identity>,
): OwnersApi {
  const checkPerson = async (person: string) => {
    const known = (await listPeople(db)).some(({ id, removed }) => id === person && removed === null)
    if (!known)
      throw new HabitueError('not_found', `There is no person of the shop with the id ${JSON.stringify(person)}.`)
  }
  return {
    senders: async () => [...(await senderProfiles(db))].map(([person, profile]) => ({ person, profile })),
    async putSender(person, given) {
      const profile = parseProfile(given)
      await checkPerson(person)
      if (profile.deputy !== undefined) await checkPerson(profile.deputy)
      await db.write('messages.putSender', { person, profile, now: world.now() })
    },
    ownerRules: () => senderRules(db),
    async putOwnerRules(given) {
      const rules = given.map(({ id, rule }) => ({ id, rule: parseRule(rule) }))
      for (const { rule } of rules) await checkPerson(rule.person)
      await db.write('messages.putSenderRules', { rules })
    },
    async assign(who, person) {
      const { identifiers } = await customerOf(who)
      if (person !== null) await checkPerson(person)
      await db.write('messages.assignOwner', { identifiers, person, now: world.now() })
    },
    async owner(who) {
      const identity = await resolve(db, who)
      if (!identity) return null
      const now = world.now()
      const allowed = permit(await personOf(db, policy, identity, now), 'service')
      const traits = allowed ? await traitsOf(db, allowed) : {}
      const { owner, speaks } = await speakers.ownerOf({ identity, traits, permit: allowed }, now)
      return { owner, speaks: speaks?.id ?? null }
    },
  }
}

function viewOf(row: StoredMessage, customer: Identifier | null): MessageView {
  const { id, key, address, channel, purpose, template, version, sender, journey, subject, reason, response } = row
  const { attempts, created, due, sent, settled, replied } = row
  const state = row.state as MessageState
  const who = customer && { kind: customer.kind, value: customer.value }
  return {
    ...{ id, key, customer: who, address, channel, purpose, template, version, sender, journey, subject, state },
    ...{ reason, response, attempts, created, due, sent, settled, replied },
  }
}
