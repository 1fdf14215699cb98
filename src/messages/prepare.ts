/** From what is asked to what is sent: may it be said now, to whom, by whom, with which words. Nothing is sent here. */
import { quietUntil, zoneOf } from '../calendar/zone.ts'
import type { Config } from '../config.ts'
import type { Policy } from '../consent/policy.ts'
import type { Database } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import type { IdentifierRecord } from '../identity/store.ts'
import { marketingSilencedBy } from '../memory/complaints.ts'
import { toldWhereabouts } from '../memory/whereabouts.ts'
import { stableShare, type World } from '../world.ts'
import { builtInNames } from './built-in.ts'
import type { Channel, Parcel } from './channels/channel.ts'
import { type MailHead, mailboxOf } from './channels/email.ts'
import { missingForMail } from './config-check.ts'
import { type LinkKeys, withLinks } from './links.ts'
import type { SendRequest } from './message.ts'
import { type Offered, type OfferNeeds, offeredItems } from './offered.ts'
import { isConfirmed, optInKey } from './opt-in.ts'
import { escaped } from './plain-text.ts'
import { parseQuietHours } from './quiet-hours.ts'
import { firstName, mailAddressOf, type Recipient, recipientOf, type Unreachable } from './recipient.ts'
import type { Rendered, Renderer } from './render.ts'
import { personName } from './salutation.ts'
import type { Speakers } from './speakers.ts'
import type { Shown } from './store.ts'
import type { StoredTemplate } from './template-store.ts'
import { type Speaker, viewOf, withFooter } from './view.ts'

/** Why nothing is sent now. */
export type Held =
  | { readonly kind: 'suppressed'; readonly reason: string; readonly identifier: null }
  | {
      readonly kind: 'suppressed' | 'failed'
      readonly reason: string
      readonly identifier: IdentifierRecord
      /** The key of the mail that asks him to confirm what he agreed to. */
      readonly optIn?: string
    }
  | { readonly kind: 'later'; readonly at: number; readonly reason: string; readonly identifier: IdentifierRecord }

export interface Ready {
  readonly kind: 'ready'
  readonly identifier: IdentifierRecord
  readonly recipient: Recipient
  readonly parcel: Parcel & { readonly mail: MailHead | null }
  readonly shown: Shown
}

export interface PrepareNeeds extends Omit<OfferNeeds, 'reader'> {
  readonly db: Database
  readonly config: Config
  readonly policy: Policy
  readonly world: World
  readonly keys: LinkKeys
  readonly speakers: Speakers
  /** A sealed link to the customer's own page; '' = there is none. */
  pageLink(who: IdentifierRecord): string
}

export async function prepare(
  needs: PrepareNeeds,
  channel: Channel,
  renderer: Renderer,
  request: SendRequest,
  token: string,
): Promise<Ready | Held> {
  const { db, policy, config } = needs
  const { customer, purpose, now } = request
  const recipient = await recipientOf(db, policy, { customer, purpose, channel: channel.name, now })
  if ('reason' in recipient) return { kind: 'suppressed', reason: recipient.reason, identifier: null }
  const identifier = await addressee(db, channel, recipient, request)
  if ('reason' in identifier)
    return { kind: 'suppressed', reason: identifier.reason, identifier: firstName(recipient.names) }
  const optIn = unconfirmed(config, channel, request, recipient, identifier)
  if (optIn !== null) return { kind: 'suppressed', reason: 'consent: not confirmed', identifier, optIn }
  const held = await calm(needs, request, recipient, identifier)
  if (held) return held
  const missing = templateChannel(channel) === 'email' ? missingForMail(config, purpose) : null
  if (missing) return { kind: 'failed', reason: missing, identifier }
  const stored = renderer.find(request.template, recipient.language)
  if (!stored || stored.template.channel !== templateChannel(channel)) {
    const reason = stored
      ? `the template is one for ${stored.template.channel}`
      : `there is no template ${request.template}`
    return { kind: 'failed', reason, identifier }
  }
  const speaker = await needs.speakers.of(request.from, recipient, now)
  if ('at' in speaker) return { kind: 'later', ...speaker, identifier }
  return composed(needs, { request, recipient, identifier, stored, speaker, token, renderer })
}

/** Mail to people of the shop is mail. */
const templateChannel = ({ name }: Channel): string => (name === 'staff-email' ? 'email' : name)

/** Null where nothing has to be confirmed. */
function unconfirmed(
  { messages }: Config,
  { name }: Channel,
  { purpose }: SendRequest,
  { person }: Recipient,
  { id }: IdentifierRecord,
): string | null {
  if (!messages.doubleOptIn || name !== 'email' || purpose !== 'marketing' || isConfirmed(person, name)) return null
  return optInKey(id, person, name)
}

async function addressee(
  reader: Database,
  { addressKind }: Channel,
  { names }: Recipient,
  { address }: SendRequest,
): Promise<IdentifierRecord | Unreachable> {
  if (addressKind !== 'email') return firstName(names)
  return mailAddressOf(reader, address === undefined ? names : names.filter(({ value }) => value === address))
}

/** What keeps a message from a customer who allows it. */
async function calm(
  { db, config }: PrepareNeeds,
  { purpose, automatic = true, now }: SendRequest,
  { permit, traits, identity }: Recipient,
  identifier: IdentifierRecord,
): Promise<Held | null> {
  if (automatic) {
    const silence = await marketingSilencedBy(db, permit, now)
    if (silence) return { kind: 'suppressed', reason: silence.reason, identifier }
  }
  if (purpose !== 'marketing') return null
  if (isHeldOut(identity.identifiers, config.messages.holdout))
    return { kind: 'suppressed', reason: 'holdout', identifier }
  const hours = parseQuietHours(config.messages.quietHours)
  if (!automatic || hours === 'none' || hours === null) return null
  const at = quietUntil(now, hours, zoneOf(toldWhereabouts(traits), config.timeZone))
  return at === null ? null : { kind: 'later', at, reason: 'quiet hours', identifier }
}

/** Whether a customer is of the share that gets no advertising at all: the same ones for ever. */
export function isHeldOut(identifiers: readonly number[], share: number): boolean {
  return share > 0 && stableShare('holdout', Math.min(...identifiers)) < share
}

interface Composing {
  readonly request: SendRequest
  readonly recipient: Recipient
  readonly identifier: IdentifierRecord
  readonly stored: StoredTemplate
  readonly speaker: Speaker
  readonly token: string
  readonly renderer: Renderer
}

async function composed(needs: PrepareNeeds, composing: Composing): Promise<Ready | Held> {
  const { request, recipient, identifier, stored, speaker, token, renderer } = composing
  const { data = {}, now, purpose } = request
  const { language, permit } = recipient
  const wanted = stored.template.items
  const offer = { who: firstName(recipient.names), permit, wanted, data, language, now }
  const offered = await offeredItems({ ...needs, reader: needs.db }, offer)
  if ((wanted || Array.isArray(data.items)) && offered.items.length < (wanted?.least ?? 1)) {
    const reason = ['nothing to offer', ...offered.dropped.slice(0, 5)].join('; ')
    return { kind: 'suppressed', reason, identifier }
  }
  const links = linksOf(needs, composing)
  const shop = shopOf(needs.config)
  let rendered: Rendered
  try {
    rendered = renderer.render(stored, language, viewOf({ recipient, speaker, shop, offered, links, data }))
  } catch (error) {
    // One customer's template that fails is a dead letter; the others are written to.
    if (error instanceof HabitueError) return { kind: 'failed', reason: error.message, identifier }
    throw error
  }
  const full =
    purpose === 'marketing' && stored.template.channel === 'email'
      ? { ...rendered, ...withFooter(rendered, { ...shop, ...links }, language, escaped) }
      : rendered
  const linked = withLinks(full, trackedBy(needs, composing), [...Object.values(links), ...ownPages(needs)])
  const isMail = stored.template.channel === 'email'
  const mail = isMail ? mailHead(needs.config, composing, links.unsubscribe) : null
  return {
    kind: 'ready',
    identifier,
    recipient,
    parcel: {
      request,
      token,
      address: identifier.value,
      rendered: { ...full, html: linked.html, text: linked.text },
      mail,
    },
    shown: shownOf(full, linked.links, offered, {
      speaker,
      address: isMail ? identifier.value : stored.template.channel === 'webhook' ? full.url : null,
    }),
  }
}

function linksOf({ config, keys, pageLink }: PrepareNeeds, { request, identifier, token }: Composing) {
  const base = config.page.url?.replace(/\/+$/, '') ?? ''
  const unsubscribe =
    base !== '' && request.purpose === 'marketing' ? `${base}/u/${keys.sign(token, 'unsubscribe')}` : ''
  const asks = base !== '' && request.template === builtInNames.optIn
  const confirm = asks ? `${base}/c/${keys.sign(token, 'confirm')}` : ''
  return { unsubscribe, confirm, page: base === '' ? '' : pageLink(identifier) }
}

/** Whoever has such a link may do what it opens, so it is kept nowhere; what is done there is an event of its own. */
function ownPages({ config }: PrepareNeeds): string[] {
  const base = config.page.url?.replace(/\/+$/, '')
  return base ? [`${base}/survey/`, `${base}/page/`, `${base}/reorder/`] : []
}

/** Clicks are counted of who allows it; of everybody else the links lead straight to where they lead. */
function trackedBy(
  { config, keys }: PrepareNeeds,
  { recipient, token, request }: Composing,
): ((index: number) => string) | null {
  const base = config.page.url?.replace(/\/+$/, '')
  if (!base || request.channel === 'staff-email' || !recipient.person.ruling('personalisation').allowed) return null
  return (index) => `${base}/l/${keys.sign(token, index)}`
}

export function shopOf({ messages }: Config) {
  const name = messages.from === null ? '' : mailboxOf(messages.from).name
  return { name, legalName: messages.legalName ?? '', postalAddress: messages.postalAddress ?? '' }
}

function mailHead({ messages }: Config, composing: Composing, unsubscribe: string): MailHead {
  const { recipient, identifier, speaker, token, request } = composing
  const { first, last } = personName(recipient.traits)
  const { replyDomain } = messages
  const by = (what: string) => (replyDomain === null ? null : `${what}+${token}@${replyDomain}`)
  const from = { name: speaker.name, address: speaker.address }
  if (request.channel === 'staff-email') {
    const { to, replyTo = '' } = request.data as { to: string; replyTo?: string }
    const answered = /^[^\s@<>]+@[^\s@<>]+$/.test(replyTo) ? replyTo : null
    return { from, to: { name: '', address: to }, replyTo: answered, bounceTo: speaker.address, unsubscribe: null }
  }
  return {
    from,
    to: { name: [first, last].filter(Boolean).join(' '), address: identifier.value },
    replyTo: by('reply'),
    bounceTo: by('bounce') ?? (messages.from === null ? speaker.address : mailboxOf(messages.from).address),
    unsubscribe: unsubscribe === '' ? null : { url: unsubscribe, mail: by('unsubscribe') },
  }
}

function shownOf(
  rendered: Rendered,
  links: readonly string[],
  offered: Offered,
  { speaker, address }: { speaker: Speaker; address: string | null },
): Shown {
  const { version, subject, onSite, url } = rendered
  const json = (value: unknown) => (value === null ? null : JSON.stringify(value))
  return {
    version,
    address,
    sender: speaker.person,
    subject: onSite?.title ?? (subject === '' ? null : subject),
    links: json(links.length > 0 ? links : null),
    items: json(offered.ids.length > 0 ? { ids: offered.ids, decision: offered.decision } : null),
    content: json(onSite && { ...onSite, url, items: offered.items }),
  }
}
