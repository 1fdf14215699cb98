/**
 * What comes back by mail, understood: a reply of the customer, a notice of a mail server (RFC 3464), a complaint to a
 * mailbox provider (RFC 5965), a mail that ends advertising (RFC 2369), or a machine that answers by itself (RFC 3834).
 * Pure: which message it is about is said by the address it came to, or by the message it answers.
 */
import PostalMime, { type Email } from 'postal-mime'

export interface InboundMail {
  readonly kind: 'reply' | 'bounce' | 'delivered' | 'complaint' | 'unsubscribe' | 'automatic'
  /** Names the message that it is about; null = none of ours. */
  readonly token: string | null
  readonly from: string
  readonly subject: string
  /** Without what was quoted. */
  readonly text: string
  readonly messageId: string
  /** What the server said; '' = nothing. */
  readonly reason: string
  /** Of a bounce: the address works no more; false = it was full, or slow. */
  readonly permanent: boolean
}

const longestText = 5_000
/** Bytes; a picture that somebody attached is not read. */
export const largestMail = 10 * 1024 * 1024

export async function readMail(raw: Uint8Array | string): Promise<InboundMail> {
  const mail = await PostalMime.parse(raw, { maxNestingDepth: 20, forceRfc822Attachments: true })
  const header = (name: string) => mail.headers.find(({ key }) => key === name)?.value ?? ''
  const recipients = [
    ...[...(mail.to ?? []), ...(mail.cc ?? [])].map(({ address = '' }) => address),
    ...['delivered-to', 'x-original-to', 'envelope-to', 'x-forwarded-to'].map(header),
  ]
  const [purpose, own] = addressedTo(recipients)
  const report = reportOf(mail)
  const answered = [...`${header('in-reply-to')} ${header('references')}`.matchAll(/<([\w-]{10,64})@[^>]+>/g)]
  const token = own ?? report.token ?? answered[0]?.[1] ?? null
  const from = mail.from?.address?.toLowerCase() ?? ''
  return {
    kind: kindOf(purpose, report, mail, header),
    token,
    from,
    subject: (mail.subject ?? '').slice(0, 500),
    text: ownWords(mail.text ?? ''),
    messageId: mail.messageId ?? '',
    reason: report.reason,
    permanent: report.permanent,
  }
}

/** `reply+<token>@...`: what the address is for, and of which message. */
function addressedTo(recipients: readonly string[]): [string, string] | [null, null] {
  for (const address of recipients) {
    const [, purpose, token] = /\b(reply|bounce|unsubscribe)\+([\w-]{10,64})@/i.exec(address) ?? []
    if (token !== undefined) return [purpose.toLowerCase(), token]
  }
  return [null, null]
}

interface Report {
  readonly kind: 'bounce' | 'delivered' | 'complaint' | 'delayed' | null
  readonly reason: string
  readonly permanent: boolean
  /** Of the message that came back with it. */
  readonly token: string | null
}

function reportOf(mail: Email): Report {
  const part = (type: string) => {
    const found = mail.attachments.find(({ mimeType }) => mimeType === type)
    if (!found) return null
    return typeof found.content === 'string'
      ? found.content
      : Buffer.from(found.content as ArrayBuffer).toString('utf8')
  }
  const returned = part('message/rfc822') ?? part('text/rfc822-headers') ?? part('message/rfc822-headers') ?? ''
  const token = /^message-id:\s*<([\w-]{10,64})@/im.exec(returned)?.[1] ?? null
  if (part('message/feedback-report') !== null)
    return { kind: 'complaint', reason: 'marked as spam', permanent: true, token }
  const status = part('message/delivery-status') ?? part('message/global-delivery-status')
  if (status === null) return { kind: null, reason: '', permanent: false, token }
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*(?:\\r?\\n[ \\t].*)*)`, 'im').exec(status)?.[1] ?? ''
  const code = field('status').trim()
  const reason = [code, field('diagnostic-code')].join(' ').replace(/\s+/g, ' ').trim().slice(0, 500)
  const action = field('action').trim().toLowerCase()
  if (action === 'delivered' || action === 'relayed' || action === 'expanded')
    return { kind: 'delivered', reason, permanent: false, token }
  if (action === 'delayed') return { kind: 'delayed', reason, permanent: false, token }
  // Full, too large and not welcome are no faults of the address.
  const permanent = /^5\.1\.[12346]|^5\.1\.10|^5\.2\.[01]|^5\.0\.0/.test(code) && !/^5\.7/.test(code)
  return { kind: 'bounce', reason, permanent, token }
}

function kindOf(
  purpose: string | null,
  report: Report,
  mail: Email,
  header: (name: string) => string,
): InboundMail['kind'] {
  if (report.kind === 'delayed') return 'automatic'
  if (report.kind !== null) return report.kind
  const isDaemon = /^(mailer-daemon|postmaster)@/i.test(mail.from?.address ?? '')
  // An old server that says in its own words what went wrong: nothing certain is in it.
  if (purpose === 'bounce' || isDaemon) return 'automatic'
  if (purpose === 'unsubscribe') return 'unsubscribe'
  const submitted = header('auto-submitted').toLowerCase()
  const isAutomatic =
    (submitted !== '' && !submitted.startsWith('no')) ||
    /auto[-_ ]?reply|bulk|junk|list/i.test(header('precedence')) ||
    header('x-autoreply') !== '' ||
    header('x-autorespond') !== '' ||
    /^\s*(out of (the )?office|automatic reply|auto(matische)?[ -]?(reply|antwort)|abwesenheit)/i.test(
      mail.subject ?? '',
    )
  return isAutomatic ? 'automatic' : 'reply'
}

/** What somebody wrote himself: without what he answers, and without the signature below two dashes. */
export function ownWords(text: string): string {
  const lines = text.replace(/\r/g, '').split('\n')
  const end = lines.findIndex(
    (line, i) =>
      /^-- ?$/.test(line) ||
      /^-{2,}\s*(original message|ursprüngliche nachricht|message d'origine)/i.test(line) ||
      /^_{10,}$/.test(line) ||
      (/^(on|am|le|el|il|op)\b.{5,200}$/i.test(`${line} ${lines[i + 1] ?? ''}`.trim()) &&
        /(wrote|schrieb|a écrit|escribió|ha scritto|schreef)[^\n]{0,120}:\s*$/i.test(
          `${line} ${lines[i + 1] ?? ''}`.trim(),
        )) ||
      /^(from|von|de):\s.*@/i.test(line),
  )
  const own = (end < 0 ? lines : lines.slice(0, end)).filter((line) => !/^\s*>/.test(line))
  return own
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
    .slice(0, longestText)
}
