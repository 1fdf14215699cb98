/**
 * Rows of consents -> one answer each: a form of one's own (who, status, time, purposes, proof), and the exports of Mailchimp
 * (subscribed, unsubscribed and cleaned contacts are files of their own) and Klaviyo. Addresses from which somebody agreed are
 * not taken over: IP addresses are not stored.
 */
import { type ConvertContext, identityOf, indexOfField, quote, readId } from './columns.ts'
import { type Converter, messageIdOf } from './messages.ts'
import { timeReader } from './values.ts'

const granted = /^(granted|subscribed|opt(ed)?[ _-]?in|yes|y|true|1|confirmed|active|given|consented|explicit)$/i
const denied =
  /^(denied|un-?subscribed|opt(ed)?[ _-]?out|no|n|false|0|withdrawn|revoked|refused|cleaned|suppressed|complained|bounced|spam|global_?unsubscribe)$/i
/** Nobody answered yet. */
const open = /^(|never[ _]subscribed|pending|unset|unknown|transactional|non-?subscribed|none|null)$/i

export function consentConverter(context: ConvertContext): Converter {
  const { mapping, sink, hash, modified, stated } = context
  const index = (field: string) => indexOfField(mapping, field)
  const columns = {
    user: index('user'),
    anonymous: index('anonymous'),
    email: index('email'),
    phone: index('phone'),
    status: index('status'),
    smsStatus: index('smsStatus'),
    time: index('time'),
    confirmed: index('confirmed'),
    ended: index('ended'),
    purposes: index('purposes'),
    source: index('source'),
    wording: index('wording'),
    proof: index('proof'),
    expires: index('expires'),
  }
  const read = timeReader(mapping.time)
  const timeOf = (text: string) => (text === '' ? null : (read(text) ?? validTime(text)))

  return {
    row(line, fields) {
      const value = (column: number) => (column < 0 ? '' : (fields[column] ?? '').trim())
      const [email, phone] = [value(columns.email), value(columns.phone)]
      const isNamed = email !== '' || phone !== ''
      const user =
        columns.user < 0 ? '' : readId(sink, line, 'user', fields[columns.user], columns.anonymous < 0 && !isNamed)
      const anonymous =
        columns.anonymous < 0 ? '' : readId(sink, line, 'session', fields[columns.anonymous], user === '' && !isNamed)
      if (user === null || anonymous === null) return
      if (user === '' && anonymous === '' && !isNamed) {
        sink.refuse(line, 'it names nobody; expected a user, an e-mail address or a phone number')
        return
      }
      const who = {
        ...identityOf(user, anonymous),
        ...(isNamed ? { context: { traits: present({ email, phone }) } } : {}),
      }
      const ended = value(columns.ended)
      const given = value(columns.confirmed) || value(columns.time)
      const proof =
        value(columns.proof) || (columns.confirmed >= 0 && value(columns.confirmed) !== '' ? 'confirmed by mail' : '')
      const put = (status: string, purposes: string[], id: string): void => {
        const isDenied = denied.test(status)
        if (!isDenied && !granted.test(status)) {
          if (open.test(status)) sink.skip('no answer was given')
          else
            sink.refuse(
              line,
              `the status is ${quote(status)}; expected one such as subscribed, unsubscribed, granted, denied`,
            )
          return
        }
        const text = isDenied ? ended || given : given
        const time = text === '' ? modified : timeOf(text)
        if (time === null) {
          sink.refuse(line, `the time is ${quote(text)}; expected one like the others of its column`)
          return
        }
        const properties = present({
          source: value(columns.source) || stated?.source || 'import',
          wording: value(columns.wording) || stated?.wording || '',
          proof,
          expires: isDenied ? '' : value(columns.expires),
          basis: isDenied ? '' : (stated?.basis ?? ''),
        })
        const event = isDenied ? 'Consent Withdrawn' : 'Consent Given'
        sink.put({
          type: 'track',
          event,
          messageId: id,
          ...who,
          timestamp: time,
          properties: { ...properties, purposes },
        })
      }
      const status = columns.status >= 0 ? value(columns.status) : ended !== '' ? 'unsubscribed' : 'subscribed'
      const purposes = value(columns.purposes)
        .split(/[;,|]+/)
        .map((one) => one.trim())
        .filter(Boolean)
      put(status, purposes.length > 0 ? purposes : ['marketing:email'], messageIdOf(hash, line))
      if (value(columns.smsStatus) !== '')
        put(value(columns.smsStatus), ['marketing:sms'], `${messageIdOf(hash, line)}~sms`)
    },
    end() {},
  }
}

/** A time that is written otherwise than those of the column that was looked at. */
function validTime(text: string): number | null {
  const time = Date.parse(/\d[T ]\d\d:\d\d(:\d\d)?$/.test(text) ? `${text.replace(' ', 'T')}Z` : text)
  return Number.isFinite(time) ? time : null
}

function present(fields: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
}
