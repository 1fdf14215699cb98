/**
 * Whether the world can believe that mail comes from who it says: SPF (RFC 7208) for the domain that bounces go to, DKIM
 * (RFC 6376) for the domain that signs, DMARC (RFC 7489) for the domain of the sender, and that the three belong together.
 */
import { createPublicKey } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import type { Config } from '../config.ts'
import { domainOf, mailboxOf } from './channels/email.ts'

export interface DnsFinding {
  readonly level: 'trouble' | 'advice'
  readonly what: string
  readonly mend: string
}

/** As `Resolver.resolveTxt` has it: the texts of a name, each in pieces. */
export type ResolveTxt = (name: string) => Promise<string[][]>

/** The texts at a name; `unknown` = it could not be asked. */
type Texts = readonly string[] | 'unknown'

export function systemResolver(): ResolveTxt {
  const resolver = new Resolver({ timeout: 2000, tries: 1 })
  return (name) => resolver.resolveTxt(name)
}

/** `addresses` = from which mail is sent, besides the shop's own. */
export async function checkSenders(
  { messages }: Pick<Config, 'messages'>,
  addresses: readonly string[],
  resolve: ResolveTxt,
): Promise<DnsFinding[]> {
  if (messages.smtpUrl === null || messages.from === null) return []
  const own = domainOf(mailboxOf(messages.from).address)
  const domains = [...new Set([own, ...addresses.map(domainOf)])]
  const bounces = messages.replyDomain?.toLowerCase() ?? own
  const signing = messages.dkim.domain?.toLowerCase() ?? own
  const found = await Promise.all([
    spf(bounces, resolve),
    dkim(messages.dkim, signing, resolve),
    ...domains.map((domain) => dmarc(domain, resolve)),
    ...domains.map((domain) => aligned(domain, bounces, messages.dkim.keyFile === null ? null : signing)),
  ])
  return found.flat()
}

async function textsAt(name: string, resolve: ResolveTxt): Promise<Texts> {
  try {
    return (await resolve(name)).map((pieces) => pieces.join(''))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOTFOUND' || code === 'ENODATA' ? [] : 'unknown'
  }
}

const unasked = (name: string): DnsFinding[] => [
  {
    level: 'advice',
    what: `The names of ${name} could not be asked for.`,
    mend: 'Ask again where there is a network: habitue doctor',
  },
]

async function spf(domain: string, resolve: ResolveTxt): Promise<DnsFinding[]> {
  const texts = await textsAt(domain, resolve)
  if (texts === 'unknown') return unasked(domain)
  const records = texts.filter((text) => /^v=spf1( |$)/i.test(text))
  if (records.length === 1 && !/\+all\b/.test(records[0])) return []
  const what =
    records.length === 0
      ? `${domain} has no SPF record: mail from it is easily taken for forged.`
      : records.length > 1
        ? `${domain} has ${records.length} SPF records; with more than one none holds.`
        : `The SPF record of ${domain} lets everybody send (+all).`
  return [{ level: 'trouble', what, mend: `One TXT record at ${domain}: v=spf1 include:<your mail server's> -all` }]
}

async function dkim(
  { keyFile, selector }: Config['messages']['dkim'],
  domain: string,
  resolve: ResolveTxt,
): Promise<DnsFinding[]> {
  if (keyFile === null) {
    const what = 'Habitue does not sign mail; unless your mail server does, large providers refuse it.'
    return [{ level: 'advice', what, mend: 'HABITUE_DKIM_KEY_FILE, or let the mail server sign.' }]
  }
  const name = `${selector}._domainkey.${domain}`
  const texts = await textsAt(name, resolve)
  if (texts === 'unknown') return unasked(name)
  const key = createPublicKey(readFileSync(keyFile)).export({ type: 'spki', format: 'der' }).toString('base64')
  const published = texts.map((text) => /\bp=([A-Za-z0-9+/=\s]*)/.exec(text)?.[1].replace(/\s/g, ''))
  if (published.includes(key)) return []
  const what =
    published.length === 0 ? `There is no DKIM key at ${name}.` : `The DKIM key at ${name} is not that of ${keyFile}.`
  return [{ level: 'trouble', what, mend: `A TXT record at ${name}: v=DKIM1; k=rsa; p=${key}` }]
}

async function dmarc(domain: string, resolve: ResolveTxt): Promise<DnsFinding[]> {
  for (const name of new Set([domain, organisation(domain)])) {
    const texts = await textsAt(`_dmarc.${name}`, resolve)
    if (texts === 'unknown') return unasked(`_dmarc.${name}`)
    if (texts.some((text) => /^v=DMARC1\b/i.test(text))) return []
  }
  const mend = `A TXT record at _dmarc.${domain}: v=DMARC1; p=none; rua=mailto:postmaster@${domain}`
  return [
    { level: 'trouble', what: `${domain} has no DMARC record; large providers want one of whoever sends much.`, mend },
  ]
}

/** DMARC asks that one of the two, in its relaxed form, is of the sender's own organisation. */
async function aligned(domain: string, bounces: string, signing: string | null): Promise<DnsFinding[]> {
  const own = organisation(domain)
  if (organisation(bounces) === own || (signing !== null && organisation(signing) === own)) return []
  const what = `Mail from ${domain} bounces to ${bounces}${signing === null ? '' : ` and is signed by ${signing}`}: neither is its own, so DMARC fails.`
  return [
    { level: 'trouble', what, mend: `Sign for ${domain} (HABITUE_DKIM_DOMAIN), or let replies go to a name below it.` },
  ]
}

/** Of a.b.shop.example shop.example; of shop.co.uk itself. A short stand-in for the list of public suffixes. */
export function organisation(domain: string): string {
  const labels = domain.toLowerCase().split('.')
  const isTwofold =
    labels.length > 2 &&
    labels[labels.length - 1].length === 2 &&
    /^(co|com|org|net|ac|gov|edu|ne|or|go)$/.test(labels[labels.length - 2])
  return labels.slice(isTwofold ? -3 : -2).join('.')
}
