/** For tests of messages: a whole Habitue in simulated time with a real mail server, asked and visited over HTTP. */
import { createApp } from '../../src/http/app.ts'
import { type SimulatedWorld, simulatedWorld } from '../../src/world.ts'
import type { Run, Running } from '../running.ts'
import { type MailServer, type ReceivedMail, startMailServer } from './mail-server.ts'

export const noon = Date.UTC(2026, 2, 2, 12)
export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour

export interface Visit {
  readonly status: number
  readonly text: string
  readonly location: string
}

export interface MailShop {
  readonly habitue: Running
  readonly world: SimulatedWorld
  readonly server: MailServer
  identify(userId: string, traits: object): Promise<void>
  track(userId: string, event: string, properties?: object): Promise<void>
  template(name: string, template: object): Promise<void>
  send(more?: object): Promise<{ kind: string; reason?: string; at?: string; token: string; id: number }>
  /** As a browser would; `form` = posted as a form. */
  visit(url: string, options?: { form?: Record<string, string>; agent?: string; method?: 'HEAD' }): Promise<Visit>
  events(userId: string): Promise<{ name: string; body: { properties?: Record<string, unknown> } }[]>
  /** The last mail. */
  last(): ReceivedMail
  /** Advances the clock, and does what is due then. */
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

type Overrides = NonNullable<Parameters<Run>[0]>
const base = 'https://shop.example/habitue'
const browser = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

export async function mailShop(run: Run, messages: object = {}, more: Overrides = {}): Promise<MailShop> {
  const server = await startMailServer()
  const world = simulatedWorld(11, noon)
  const settings = {
    smtpUrl: server.url,
    from: 'Corner Shop <hello@shop.example>',
    legalName: 'Corner Shop Ltd',
    postalAddress: '1 High Street, Dublin',
    replyDomain: 'reply.shop.example',
    caps: { 'email:marketing': '0/0', 'on-site:marketing': '0/0' },
    ...messages,
  }
  const page = { frameAncestors: '', url: base }
  const habitue = await run({ messages: settings, page, timeZone: 'UTC', ...more }, { world })
  const app = await createApp(habitue.engine)
  let keys = 0
  const batch = async (event: object) => {
    const { status, body } = await habitue.ask('POST', '/v1/batch', { batch: [event] })
    if (status !== 200 || body.refused?.length > 0) throw new Error(JSON.stringify(body))
  }
  return {
    habitue,
    world,
    server,
    identify: (userId, traits) => batch({ type: 'identify', userId, traits }),
    track: (userId, event, properties = {}) => batch({ type: 'track', userId, event, properties }),
    async template(name, template) {
      const { status, body } = await habitue.ask('PUT', `/v1/templates/${name}`, template)
      if (status !== 200) throw new Error(JSON.stringify(body))
    },
    async send(more = {}) {
      const wanted = { customer: '42', key: `key-${keys++}`, purpose: 'marketing', template: 'news', ...more }
      const { status, body } = await habitue.ask('POST', '/v1/messages', wanted)
      if (status !== 200) throw new Error(JSON.stringify(body))
      const row = body.message
      return { ...body.outcome, id: row?.id }
    },
    async visit(url, { form, agent = browser, method } = {}) {
      const answer = await app.inject({
        method: method ?? (form ? 'POST' : 'GET'),
        url: url.startsWith(base) ? url.slice(base.length) : url,
        headers: { 'user-agent': agent, ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}) },
        ...(form ? { payload: new URLSearchParams(form).toString() } : {}),
      })
      return { status: answer.statusCode, text: answer.body, location: String(answer.headers.location ?? '') }
    },
    async events(userId) {
      const { body } = await habitue.ask('GET', `/v1/customers/${userId}/timeline`)
      return body.events
    },
    last: () => server.received[server.received.length - 1],
    async pass(ms) {
      world.advance(ms)
      await habitue.engine.settle()
    },
    async close() {
      await app.close()
      await server.close()
    },
  }
}

/** All links of a mail's HTML. */
export function linksOf({ mail }: ReceivedMail): string[] {
  return [...(mail.html ?? '').matchAll(/href="([^"]+)"/g)].map(([, address]) => address.replaceAll('&amp;', '&'))
}
