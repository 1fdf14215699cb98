/** JSON lines of tracking messages, as Segment and RudderStack archive them -> messages. */

import { parseTime } from '../catalog/time.ts'
import { quote } from './columns.ts'
import { type Converter, messageIdOf, type Sink, type TrackingMessage } from './messages.ts'

const types: ReadonlySet<unknown> = new Set(['track', 'identify', 'page', 'screen', 'group', 'alias'])

export interface EventLinesContext {
  readonly sink: Sink<TrackingMessage>
  readonly hash: string
  /** When the file was written: the time of an event that has none. */
  readonly modified: number
}

/** A converter whose rows have one field, the line. */
export function eventConverter({ sink, hash, modified }: EventLinesContext): Converter {
  return {
    row(line, [text]) {
      let message: unknown
      try {
        message = JSON.parse(text)
      } catch (error) {
        return sink.refuse(line, `it is not JSON: ${(error as Error).message}`)
      }
      if (typeof message !== 'object' || message === null || Array.isArray(message)) {
        return sink.refuse(line, `it is ${quote(text)}; expected an object`, 'invalid_event')
      }
      const event = message as Record<string, unknown>
      if (!types.has(event.type)) {
        const got = event.type === undefined ? 'nothing' : quote(String(event.type))
        return sink.refuse(line, `the type is ${got}; expected one of ${[...types].join(', ')}`, 'invalid_event')
      }
      const { sentAt: _sent, originalTimestamp: _original, receivedAt: _received, ...rest } = event
      const messageId =
        typeof event.messageId === 'string' && event.messageId !== '' ? event.messageId : messageIdOf(hash, line)
      sink.put({
        ...rest,
        type: String(event.type),
        messageId,
        timestamp: timestampOf(event) ?? modified,
      } as TrackingMessage)
    },
    end() {},
  }
}

/**
 * When it happened. An archive holds the clock's correction that was made on arrival (`timestamp`); sent on, `sentAt`
 * would have it corrected again, to the day of the import. Without `timestamp` it is made here.
 */
function timestampOf(event: Readonly<Record<string, unknown>>): number | string | null {
  const { timestamp, originalTimestamp, sentAt, receivedAt } = event
  if (typeof timestamp === 'string' || typeof timestamp === 'number') return timestamp
  if (typeof originalTimestamp !== 'string') return null
  const [original, sent, received] = [originalTimestamp, sentAt, receivedAt].map((t) =>
    typeof t === 'string' ? parseTime(t) : null,
  )
  if (original === null || sent === null || received === null) return originalTimestamp
  return received - (sent - original)
}
