/**
 * What is known of a message after the conversation with a mail server has ended (RFC 5321). Until the server has the end
 * of the data it has taken nothing; an answer to the end of the data decides, whatever it is; and between the two nobody
 * knows, unless the connection was ours to end.
 */
import type { Delivery } from './channel.ts'

/** The fields of nodemailer's errors that matter here. */
export interface SmtpFailure extends Error {
  readonly code?: string
  /** The command that was answered, `DATA` of the message itself too; `CONN` where the connection ended. */
  readonly command?: string
  readonly responseCode?: number
  readonly response?: string
}

export interface Said {
  /** The server had asked for the message. */
  readonly begun: boolean
  /** We ended it ourselves before a byte of it was said. */
  readonly isLate: boolean
  readonly response: string
}

export function told(failure: SmtpFailure | null, { begun, isLate, response }: Said): Delivery {
  if (!failure) return { kind: 'sent', response: response.slice(0, 500) }
  const reason = (failure.response ?? failure.message).replace(/\s+/g, ' ').slice(0, 500)
  if (isLate) return { kind: 'not_sent', reason: failure.message }
  // `EMESSAGE` is the answer to the message, `EENVELOPE` to what goes before it; both are answers, not silence.
  const isAnswer =
    failure.code === 'EENVELOPE' || (failure.code === 'EMESSAGE' && (!begun || failure.command === 'DATA'))
  if (begun && !isAnswer) return { kind: 'in_doubt', reason: `cut off after the message had begun: ${reason}` }
  const status = failure.responseCode ?? 0
  if (isAnswer && (status >= 500 || failure.command === 'API' || status === 0))
    return { kind: 'refused', reason, address: isBadAddress(failure, status, reason) }
  return { kind: 'not_sent', reason }
}

/**
 * Whether it says that this mailbox takes no mail, and not that it does not like us or this message. Enhanced status codes
 * (RFC 3463): X.1.x and X.2.x speak of the address; X.7.x of policy. Without one, the basic codes for recipients do.
 */
function isBadAddress({ command }: SmtpFailure, status: number, reason: string): boolean {
  const [, subject, detail] = /\b5\.(\d{1,3})\.(\d{1,3})\b/.exec(reason) ?? []
  if (subject !== undefined)
    return (
      (subject === '1' && ['1', '2', '3', '6', '10'].includes(detail)) ||
      (subject === '2' && ['0', '1'].includes(detail))
    )
  return command === 'RCPT TO' && [550, 551, 553].includes(status)
}
