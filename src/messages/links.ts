/**
 * The links of a message. Each leads first to this server, which knows by the message where it may lead on: an address that
 * did not stand in the message is never led to. A link names the message by its random token and is signed, so that
 * guessing costs no look into the database.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Reader } from '../db/database.ts'
import { secretKey } from '../db/secret.ts'

export interface LinkKeys {
  /** The text of a link: for the link at `index`, or for what the message's recipient may do (`unsubscribe`, `opt-in`). */
  sign(token: string, purpose: number | LinkPurpose): string
  /** What a text stands for; null = it is none of ours. */
  open(text: string): { readonly token: string; readonly purpose: number | LinkPurpose } | null
}

export type LinkPurpose = 'unsubscribe' | 'confirm'

const marks: Readonly<Record<LinkPurpose, string>> = { unsubscribe: 'u', confirm: 'c' }

export async function linkKeys(reader: Reader): Promise<LinkKeys> {
  const key = await secretKey(reader, 'message link')
  const seal = (text: string) => createHmac('sha256', key).update(text).digest().subarray(0, 12).toString('base64url')
  return {
    sign(token, purpose) {
      const text = `${token}.${typeof purpose === 'number' ? purpose : marks[purpose]}`
      return `${text}.${seal(text)}`
    },
    open(text) {
      const [, token, mark, given] = /^([\w-]{10,64})\.(\d{1,4}|[a-z])\.([\w-]{16})$/.exec(text) ?? []
      if (token === undefined) return null
      const expected = Buffer.from(seal(`${token}.${mark}`))
      if (!timingSafeEqual(expected, Buffer.from(given))) return null
      if (/^\d+$/.test(mark)) return { token, purpose: Number(mark) }
      const purpose = (Object.keys(marks) as LinkPurpose[]).find((one) => marks[one] === mark)
      return purpose ? { token, purpose } : null
    },
  }
}

export interface Linked {
  readonly html: string
  readonly text: string
  /** The addresses, by the index that stands in the links. */
  readonly links: readonly string[]
}

const longestList = 500

/**
 * Puts `to(index)` in the place of every http(s) address that a link leads to, in HTML and in plain text; addresses that
 * begin with one of `own` stay as they are. Links that lead elsewhere than to a page, a mail or a call lead nowhere.
 */
export function withLinks(
  { html, text }: { readonly html: string; readonly text: string },
  to: ((index: number) => string) | null,
  own: readonly string[],
): Linked {
  const links: string[] = []
  const led = (address: string): string => {
    const plain = address.replaceAll('&amp;', '&').trim()
    if (!/^https?:\/\//i.test(plain)) return /^(mailto:|tel:|#)/i.test(plain) ? address : '#'
    if (to === null || own.some((one) => one !== '' && plain.startsWith(one)) || !URL.canParse(plain)) return address
    let index = links.indexOf(plain)
    if (index < 0 && links.length < longestList) index = links.push(plain) - 1
    return index < 0 ? address : to(index)
  }
  const anchors = html.replace(
    /(<(?:a|area)\b[^>]*?\bhref\s*=\s*)("[^"]*"|'[^']*')/gi,
    (_, before: string, quoted: string) => `${before}"${led(quoted.slice(1, -1)).replaceAll('"', '%22')}"`,
  )
  const words = text.replace(/https?:\/\/[^\s<>"')\]]+/gi, (address) => {
    const end = /[.,;:!?]+$/.exec(address)?.[0] ?? ''
    return led(address.slice(0, address.length - end.length)) + end
  })
  return { html: anchors, text: words, links }
}
