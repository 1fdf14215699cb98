/** What must be set before advertising may be sent, as the law of most countries has it. */
import type { Config } from '../config.ts'
import type { MessagePurpose } from './message.ts'

/** Why a mail of this purpose cannot be sent as things are set; null = it can. */
export function missingForMail(
  { messages, page }: Pick<Config, 'messages' | 'page'>,
  purpose: MessagePurpose,
): string | null {
  if (messages.smtpUrl === null) return 'no mail server is set: HABITUE_SMTP_URL'
  if (messages.from === null) return 'no sender is set: HABITUE_MAIL_FROM'
  if (purpose === 'service') return null
  const missing = [
    ...(messages.legalName === null ? ['the sender’s legal name: HABITUE_LEGAL_NAME'] : []),
    ...(messages.postalAddress === null ? ['the sender’s postal address: HABITUE_POSTAL_ADDRESS'] : []),
    ...(page.url === null ? ['the address at which customers reach this server: HABITUE_PAGE_URL'] : []),
  ]
  return missing.length === 0 ? null : `advertising needs ${missing.join('; ')}`
}
