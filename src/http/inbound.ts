/** /v1/inbound/mail: mail that came back, as a provider's webhook or the shop's own mail server hands it on. */
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Engine, InboundFields } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import type { App } from './typed-app.ts'

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
const Fields = Type.Object({
  to: Type.String({ maxLength: 2000, description: 'The address that it came to: reply+<token>@...' }),
  from: Type.String({ maxLength: 500 }),
  subject: text(1000),
  text: text(1_000_000),
  messageId: text(1000),
  kind: Type.Optional(Type.Enum(['reply', 'bounce', 'delivered', 'complaint', 'unsubscribe', 'automatic'])),
  reason: text(2000),
  permanent: Type.Optional(
    Type.Boolean({
      description: 'Of a bounce: the address works no more, and is not written to again; else the bounce is temporary.',
    }),
  ),
})
const Raw = Type.Object({ raw: Type.String({ description: 'The whole mail (MIME), as text or in base64.' }) })
const fieldsCheck = Compile(Fields)
const rawCheck = Compile(Raw)
/** Bytes. */
const mailLimit = 10 * 1024 * 1024

export function inboundRoutes(app: App, engine: Engine): void {
  app.post(
    '/v1/inbound/mail',
    {
      schema: {
        tags: ['messages'],
        consumes: ['message/rfc822', 'application/json'],
        response: { 200: Type.Object({ kind: Type.String(), known: Type.Boolean() }) },
      },
      config: { action: 'mail.inbound', reads: 'raw' },
      bodyLimit: mailLimit,
    },
    async (request) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      if (body.length === 0)
        throw new HabitueError('invalid_body', 'The body is empty; expected a mail (MIME) or JSON.')
      const isJson = /json/.test(request.headers['content-type'] ?? '')
      return engine.mailDoors.inbound(isJson ? fromJson(body) : body)
    },
  )
}

/** @throws HabitueError invalid_json, invalid_body */
function fromJson(body: Buffer): Uint8Array | InboundFields {
  let given: unknown
  try {
    given = JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new HabitueError('invalid_json', `The body is no JSON: ${(cause as Error).message}`, {}, { cause })
  }
  if (rawCheck.Check(given)) {
    const { raw } = given
    return Buffer.from(raw, /^[A-Za-z0-9+/=\r\n]+$/.test(raw) ? 'base64' : 'utf8')
  }
  if (fieldsCheck.Check(given)) return given
  const [error] = fieldsCheck.Errors(given)
  throw new HabitueError('invalid_body', `The mail: ${error?.instancePath ?? ''} ${error?.message ?? 'is wrong'}.`)
}
