/** /v1/customers/{id}/inbox: messages that wait for a customer on the shop's own pages. */
import { Type } from 'typebox'
import type { Engine } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { aboutCustomer, ByKind, known } from './facts.ts'
import type { App } from './typed-app.ts'

const id = Type.String({ minLength: 1, maxLength: 500 })
const Who = Type.Object({ id })
const One = Type.Object({ id, message: Type.Integer({ minimum: 1 }), as: Type.Enum(['seen', 'dismissed']) })
const Inbox = Type.Object({
  messages: Type.Array(
    Type.Object({
      id: Type.Integer(),
      title: Type.String(),
      body: Type.String(),
      image: Type.String(),
      alt: Type.String(),
      url: Type.String(),
      items: Type.Array(
        Type.Object({
          id: Type.String(),
          title: Type.String(),
          price: Type.String(),
          image: Type.String(),
          alt: Type.String(),
          url: Type.String(),
          reason: Type.String(),
        }),
      ),
      time: Type.String({ description: 'ISO 8601' }),
      seen: Type.Boolean(),
    }),
    { description: 'The newest first; what was dismissed is gone.' },
  ),
})

export function inboxRoutes(app: App, engine: Engine): void {
  const tags = ['messages']
  app.get(
    '/v1/customers/:id/inbox',
    { schema: { tags, params: Who, querystring: ByKind, response: { 200: Inbox } }, config: { action: 'inbox.read' } },
    async (request) => {
      const who = await aboutCustomer(request, engine, 'inbox.read')
      const found = known(await engine.messages.inbox(who), who)
      return {
        messages: found.map((one) => ({ ...one, items: [...one.items], time: new Date(one.time).toISOString() })),
      }
    },
  )
  app.post(
    '/v1/customers/:id/inbox/:message/:as',
    { schema: { tags, params: One, querystring: ByKind }, config: { action: 'inbox.mark' } },
    async (request, reply) => {
      const who = await aboutCustomer(request, engine, 'inbox.mark')
      const { message, as } = request.params
      if (!(await engine.messages.markInbox(who, message, as)))
        throw new HabitueError('not_found', `Nothing with the id ${message} waits for this customer.`)
      return reply.code(204).send()
    },
  )
}
