/**
 * What a template may see of a customer. Only what he himself told of how he is to be addressed: what was observed is spoken
 * of in general terms and what was inferred not at all (consent/saying.ts), and decisions word their reasons by the same
 * rule. Whatever else a message is to say, its caller passes as data.
 */
import { maySay } from '../consent/saying.ts'
import type { Offered } from './offered.ts'
import type { Recipient } from './recipient.ts'
import type { View } from './render.ts'
import { personName, salutation } from './salutation.ts'

export interface Speaker {
  /** The id of a person of the shop; null = the shop itself. */
  readonly person: string | null
  readonly name: string
  readonly address: string
  readonly signature: string
}

export interface ViewParts {
  readonly recipient: Pick<Recipient, 'traits' | 'language' | 'permit'>
  readonly speaker: Speaker
  readonly shop: { readonly name: string; readonly legalName: string; readonly postalAddress: string }
  readonly offered: Offered
  /** '' where there is none. */
  readonly links: { readonly unsubscribe: string; readonly page: string; readonly confirm?: string }
  readonly data: Readonly<Record<string, unknown>>
}

/** Traits of the address on an envelope; nothing of taste, and nothing that somebody else said of him. */
const toldOf = ['city', 'country', 'company']

export function viewOf({ recipient, speaker, shop, offered, links, data }: ViewParts): View {
  const { traits, language, permit } = recipient
  const isNameable = maySay('told', permit.ceiling) === 'named'
  const name = isNameable ? personName(traits) : { first: null, last: null, title: null }
  const told = toldOf.flatMap((trait) =>
    isNameable && typeof traits[trait] === 'string' ? [[trait, traits[trait]]] : [],
  )
  return {
    ...data,
    greeting: salutation(name, language),
    language,
    customer: {
      firstName: name.first ?? '',
      lastName: name.last ?? '',
      title: name.title ?? '',
      ...Object.fromEntries(told),
    },
    sender: { name: speaker.name, signature: speaker.signature },
    shop,
    items: offered.items,
    links,
  }
}

interface Footer {
  readonly legalName: string
  readonly postalAddress: string
  readonly unsubscribe: string
}

const words: Readonly<Record<string, string>> = {
  en: 'No more of these messages',
  de: 'Keine solchen Nachrichten mehr',
  fr: 'Ne plus recevoir ces messages',
  es: 'No recibir más estos mensajes',
  it: 'Non ricevere più questi messaggi',
  nl: 'Deze berichten niet meer ontvangen',
}

/** Adds to an advertisement what it must have and its template did not put there. */
export function withFooter(
  { html, text }: { readonly html: string; readonly text: string },
  { legalName, postalAddress, unsubscribe }: Footer,
  language: string,
  escaped: (text: string) => string,
): { html: string; text: string } {
  const label = words[language] ?? words.en
  const missing = (where: string, form: (text: string) => string) => ({
    sender: !where.includes(form(legalName)) || !where.includes(form(postalAddress)),
    link: !where.includes(form(unsubscribe)),
  })
  const [inHtml, inText] = [missing(html, escaped), missing(text, (plain) => plain)]
  const parts = [
    ...(inHtml.sender ? [escaped(`${legalName}, ${postalAddress}`)] : []),
    ...(inHtml.link ? [`<a href="${escaped(unsubscribe)}">${label}</a>`] : []),
  ]
  const block = parts.length > 0 ? `<p style="font-size:small">${parts.join('<br>')}</p>` : ''
  const close = /<\/body\s*>/i.exec(html)
  const lines = [
    ...(inText.sender ? [`${legalName}, ${postalAddress}`] : []),
    ...(inText.link ? [`${label}: ${unsubscribe}`] : []),
  ]
  return {
    html: html === '' ? '' : close ? html.slice(0, close.index) + block + html.slice(close.index) : html + block,
    text: lines.length > 0 ? `${text}\n\n-- \n${lines.join('\n')}` : text,
  }
}
