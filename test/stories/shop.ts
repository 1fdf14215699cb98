/**
 * For tests of `examples/journeys`: a whole shop over HTTP, with a real mail server and a clock that the test moves. Its
 * templates, surveys and journeys are the files that are shipped.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'
import { type SimulatedWorld, simulatedWorld } from '../../src/world.ts'
import { type MailServer, type ReceivedMail, startMailServer } from '../messages/mail-server.ts'
import type { Run, Running } from '../running.ts'

export const examples = join(import.meta.dirname, '../../examples/journeys')

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour

/** A Monday, eight in the morning where the shop is. */
const start = Date.UTC(2026, 2, 2, 8)

export interface StoryShop {
  readonly habitue: Running
  readonly world: SimulatedWorld
  readonly server: MailServer
  /** The person who owns the relationship with everybody. */
  readonly olivia: string
  /** A customer who may be written to. */
  customer(userId: string, traits?: object): Promise<void>
  track(userId: string, event: string, properties?: object, more?: object): Promise<void>
  items(...items: object[]): Promise<void>
  /** Lets time pass, some hours at once, and the engine do what is due. */
  pass(ms: number): Promise<void>
  mailsTo(userId: string): readonly ReceivedMail[]
  /** Open tasks of a customer by what asked for them: `journey:second-abandonment`, `trigger:complaint`. */
  tasks(userId: string): Promise<readonly { id: number; reason: string; note: string; origin: string }[]>
  resolve(task: number, outcome: string, more?: object): Promise<void>
  /** How the customer's instances of a journey stand, oldest first. */
  instances(journey: string): Promise<readonly { phase: string; step: string; reason: string | null }[]>
  /** Opens a link of a mail as a person does, chooses, and presses the button. */
  answer(link: string, choices: Readonly<Record<string, string>>): Promise<void>
}

const servers: MailServer[] = []
afterAll(async () => {
  for (const server of servers) await server.close()
})

export const addressOf = (userId: string) => `${userId}@customers.example`

/** A shop of its own with these journeys switched on. */
export async function openShop(
  run: Run,
  journeys: readonly string[],
  { orders = null, messages = {} }: { orders?: string | null; messages?: object } = {},
): Promise<StoryShop> {
  const server = await startMailServer()
  servers.push(server)
  const world = simulatedWorld(11, start)
  const habitue = await run(
    {
      messages: {
        smtpUrl: server.url,
        from: 'Corner Shop <hello@shop.example>',
        legalName: 'Corner Shop Ltd',
        postalAddress: '1 High Street, Dublin',
        replyDomain: 'reply.shop.example',
        templates: join(examples, 'templates'),
        ...messages,
      },
      orders: { webhook: orders },
      surveys: { folder: join(examples, 'surveys') },
      page: { frameAncestors: '', url: 'https://shop.example' },
      timeZone: 'UTC',
    },
    { world },
  )
  const shop = shopOf(habitue, world, server, await hire(habitue))
  for (const journey of journeys) {
    const source = readFileSync(join(examples, `${journey}.yaml`), 'utf8')
    const put = await habitue.ask('PUT', `/v1/journeys/${journey}`, { source })
    expect([put.status, put.body.warnings], JSON.stringify(put.body)).toEqual([200, []])
    expect((await habitue.ask('POST', `/v1/journeys/${journey}/start`, {})).status).toBe(200)
  }
  return shop
}

/** Olivia, to whom all customers belong. */
async function hire(habitue: Running): Promise<string> {
  const olivia = { name: 'Olivia Owner', email: 'olivia@shop.example', role: 'agent' }
  const { body } = await habitue.ask('POST', '/v1/people', olivia)
  const { id } = body.person
  const { messages } = habitue.engine
  await messages.putSender(id, { address: 'olivia@shop.example', signature: 'Olivia, Corner Shop' })
  await messages.putOwnerRules([{ id: 'all', rule: { person: id } }])
  return id
}

function shopOf(habitue: Running, world: SimulatedWorld, server: MailServer, olivia: string): StoryShop {
  let sent = 0
  const batch = async (messages: readonly object[]) => {
    // Clocks move: two requests in one millisecond have no order.
    world.advance(1)
    const timestamp = new Date(world.now()).toISOString()
    const stamped = messages.map((message) => ({ messageId: `s${++sent}`, timestamp, ...message }))
    const { status, body } = await habitue.ask('POST', '/v1/batch', { batch: stamped })
    expect([status, body.refused ?? []]).toEqual([200, []])
    await habitue.engine.settle()
  }
  const agreed = { purpose: 'marketing', channel: 'email', source: 'sign-up', wording: 'Write to me.' }
  return {
    ...{ habitue, world, server, olivia },
    async customer(userId, traits = {}) {
      await batch([
        { type: 'identify', userId, traits: { email: addressOf(userId), ...traits } },
        { type: 'track', userId, event: 'Consent Given', properties: agreed },
      ])
    },
    track: (userId, event, properties = {}, more = {}) =>
      batch([{ type: 'track', userId, event, properties, ...more }]),
    async items(...items) {
      const { status, body } = await habitue.ask('POST', '/v1/items', items)
      expect(status, JSON.stringify(body)).toBe(200)
      await habitue.engine.settle()
    },
    async pass(ms) {
      for (let left = ms; left > 0; left -= 3 * hour) {
        world.advance(Math.min(left, 3 * hour))
        await habitue.engine.settle()
      }
    },
    mailsTo: (userId) => server.received.filter(({ to }) => to === addressOf(userId)),
    async tasks(userId) {
      const { body } = await habitue.ask('GET', '/v1/tasks')
      return body.tasks.filter((task: { customer: { id: string } }) => task.customer?.id === userId)
    },
    async resolve(task, outcome, more = {}) {
      const { status, body } = await habitue.ask('POST', `/v1/tasks/${task}/resolve`, { outcome, ...more })
      expect(status, JSON.stringify(body)).toBe(200)
      await habitue.engine.settle()
    },
    instances: async (journey) => (await habitue.ask('GET', `/v1/journeys/${journey}/instances`)).body.instances,
    async answer(link, choices) {
      await answerSurvey(habitue, link, choices)
      await habitue.engine.settle()
    },
  }
}

/** The page as a browser without scripts uses it: follows the link, and sends the form's fields with what was chosen. */
async function answerSurvey(habitue: Running, link: string, choices: Readonly<Record<string, string>>): Promise<void> {
  const path = (url: URL) => `${url.pathname}${url.search}`
  let at = new URL(link)
  let page = await habitue.open('GET', path(at))
  for (; page.location !== null; page = await habitue.open('GET', path(at))) at = new URL(page.location, at)
  expect([page.status, at.href]).toEqual([200, at.href])
  const hidden = [...page.body.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
  const fields = hidden.map(([, name, value]): [string, string] => [name, value])
  const form = new URLSearchParams([...fields, ...Object.entries(choices)])
  const posted = await habitue.open('POST', at.pathname, form.toString())
  expect([posted.status, posted.body]).toEqual([303, ''])
}

/** The first link of a mail whose text begins so. */
export function linkOf({ mail }: ReceivedMail, text: string): string {
  for (const [, href, words] of (mail.html ?? '').matchAll(/<a href="([^"]+)"[^>]*>([^<]*)<\/a>/g)) {
    if (words.startsWith(text)) return href.replaceAll('&amp;', '&')
  }
  throw new Error(`The mail has no link "${text}": ${mail.html}`)
}
