/** /v1/customers/{id}/page-link: a link to the customer's own page. And /v1/page-codes: codes that the shop's server sends for it. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Engine, Identifier } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { builtInNames } from '../messages/built-in.ts'
import { ByKind } from './facts.ts'
import type { App } from './typed-app.ts'

const Who = Type.Object({ id: Type.String({ minLength: 1, maxLength: 500 }) })
const LinkBody = Type.Object(
  {
    minutes: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 43_200,
        description: 'How long it works; a day by default, 30 days at most.',
      }),
    ),
    language: Type.Optional(Type.String({ pattern: '^[a-z]{2}$', description: 'en or de; else as the browser asks.' })),
  },
  { additionalProperties: false },
)
const LinkAnswer = Type.Object({
  url: Type.String({ description: 'For this customer alone: whoever has it sees what is remembered of him.' }),
  id: Type.String({
    description: 'Names the link, to take it back: DELETE /v1/page-links/{id}. SHA-256 of its token.',
  }),
  expires: Type.String({ description: 'ISO 8601' }),
})
const Codes = Type.Object({
  codes: Type.Array(
    Type.Object({
      id: Type.String(),
      code: Type.String({ description: 'Six digits.' }),
      email: Type.String({ description: 'To where it is to be sent, and nowhere else.' }),
      users: Type.Array(Type.String(), { description: 'His user ids.' }),
      expires: Type.String({ description: 'ISO 8601' }),
    }),
  ),
})
const Sent = Type.Object({
  state: Type.Enum(['sent', 'later'], { description: 'Later = the mail server is down; it is tried again.' }),
})
const defaultMinutes = 24 * 60

/**
 * Mails the link to the customer's own page to his address. It is an answer to what he asked for: no complaint holds it up.
 * @throws HabitueError not_found, conflict (no address, no mail is set up, or it was refused)
 */
export async function sendPageLink(engine: Engine, who: Identifier): Promise<'sent' | 'later'> {
  if (engine.config.page.url === null)
    throw new HabitueError(
      'conflict',
      'Where customers reach this server is not set (page.url): a link would lead nowhere.',
    )
  const wanted = { channel: 'email', purpose: 'service', template: builtInNames.pageLink, automatic: false } as const
  const { outcome } = await engine.messages.send(who, wanted)
  if (outcome.kind === 'done') return 'sent'
  if (outcome.kind === 'later') return 'later'
  throw new HabitueError('conflict', `The mail was not sent: ${outcome.reason}.`, { outcome: outcome.kind })
}

export function pageLinkRoutes(app: App, engine: Engine): void {
  const { page, config: settings } = engine
  const tags = ['page']
  app.post(
    '/v1/customers/:id/page-link',
    {
      schema: {
        tags,
        params: Who,
        querystring: ByKind,
        body: Type.Optional(LinkBody),
        response: { 201: LinkAnswer },
      },
      config: { action: 'pages.link' },
    },
    async (request, reply) => {
      const { minutes = defaultMinutes, language } = request.body ?? {}
      const who = { kind: request.query.kind ?? 'user', value: request.params.id }
      const { token, id, expires } = page.issue(who, minutes * 60_000)
      const base = (settings.page.url ?? originOf(request, settings)).replace(/\/+$/, '')
      const url = `${base}/page/${token}${language ? `?lang=${language}` : ''}`
      return reply.code(201).send({ url, id, expires: new Date(expires).toISOString() })
    },
  )
  app.delete(
    '/v1/page-links/:id',
    {
      schema: {
        tags,
        description: 'Takes one link back. It says nothing of whether there was one.',
        params: Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
      },
      config: { action: 'pages.link' },
    },
    async (request, reply) => {
      await page.revoke(request.params.id)
      return reply.code(204).send()
    },
  )
  app.post(
    '/v1/customers/:id/page-link/send',
    { schema: { tags, params: Who, querystring: ByKind, response: { 202: Sent } }, config: { action: 'pages.send' } },
    async (request, reply) => {
      const who = { kind: request.query.kind ?? 'user', value: request.params.id }
      return reply.code(202).send({ state: await sendPageLink(engine, who) })
    },
  )
  const config = { action: 'pages.codes' } as const
  app.get('/v1/page-codes', { schema: { tags, response: { 200: Codes } }, config }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    const codes = (await page.waiting()).map(({ until, users, ...code }) => {
      return { ...code, users: [...users], expires: new Date(until).toISOString() }
    })
    return { codes }
  })
  app.delete(
    '/v1/page-codes/:id',
    { schema: { tags, params: Type.Object({ id: Type.String({ maxLength: 100 }) }) }, config },
    async (request, reply) => {
      if (!(await page.sent(request.params.id)))
        throw new HabitueError('not_found', 'No code of that id waits to be sent.')
      return reply.code(204).send()
    },
  )
}

/** A command on this machine may have asked without a socket: then where the server is to listen. */
export function originOf({ caller, protocol, host }: FastifyRequest, settings: Engine['config']): string {
  return caller.local ? `http://${settings.host}:${settings.port}` : `${protocol}://${host}`
}
