/**
 * `kill -9` of a `habitue start` that sends mail, again and again: mail that is asked for one by one, or two mails of each
 * of many instances of a journey with a wait between them. The mail server is in the test's own process and
 * deduplicates nothing: what it took is counted by the key that stands in each mail.
 */
import { setTimeout } from 'node:timers/promises'
import { expect } from 'vitest'
import type { StorageConfig } from '../../src/config.ts'
import { seededRandom } from '../../src/world.ts'
import { type Server, startServer } from '../cli/command.ts'
import { type MailServer, startMailServer } from '../messages/mail-server.ts'

export interface MailRounds {
  readonly kills: number
  readonly mails: number
  readonly seed: number
  /** Half as many instances of a journey send the mails. */
  readonly byJourney?: boolean
  /** A second server on the same database, which is stopped past its leases and resumed once. */
  readonly isPair?: boolean
}

const connections = 4
/**
 * Seconds that a mail may take; a lease is twice as long. PostgreSQL's leases have to end while the test waits; on SQLite the
 * next start lists at once what the last process left.
 */
const timeoutOf = ({ databaseUrl }: StorageConfig) => (databaseUrl ? 3 : 60)
/** What a slow machine kept waiting is tried again after minutes. */
const patienceSeconds = 700
const lanes = 12

export async function mailKillRounds(
  place: StorageConfig,
  { kills, mails, seed, isPair = false, byJourney = false }: MailRounds,
): Promise<void> {
  const random = seededRandom(seed)
  const post = await startMailServer()
  const timeout = timeoutOf(place)
  const environment = {
    HABITUE_SMTP_URL: post.url,
    HABITUE_SMTP_CONNECTIONS: String(connections),
    HABITUE_SMTP_TIMEOUT: String(timeout),
    HABITUE_MAIL_FROM: 'Shop <hello@shop.example>',
  }
  let server = await startServer(place, { environment })
  const { adminKey } = server
  const second = isPair ? await startServer(place, { environment, adminKey }) : null
  const keys = byJourney ? keysOfJourney(mails / 2) : Array.from({ length: mails }, (_, i) => `mail-${seed}-${i}`)
  const ask = byJourney ? begin : send
  try {
    await (byJourney ? prepareJourney(server, mails / 2) : prepare(server, mails))
    const settled = new Set<string>()
    for (let kill = 0; kill < kills; kill++) {
      const open = keys.filter((key) => !settled.has(key))
      const sending = ask([server, ...(second ? [second] : [])], open, settled)
      await setTimeout(150 + 500 * random())
      if (second && kill === 0) await stopPastLease(second, timeout)
      await server.end('SIGKILL')
      await sending.stop()
      server = await startServer(place, { environment, adminKey })
    }
    await ask(
      [server],
      keys.filter((key) => !settled.has(key)),
      settled,
    ).end
    await judge(server, post, keys, kills + (isPair ? 1 : 0))
  } finally {
    await server.end('SIGKILL')
    await second?.end('SIGKILL')
    await post.close()
  }
}

async function prepare(server: Server, mails: number): Promise<void> {
  const template = { channel: 'email', subject: 'Mail', text: 'key={{ key }}.' }
  expect((await server.ask('PUT', '/v1/templates/mail', template)).status).toBe(200)
  for (let from = 0; from < mails; from += 500) {
    const batch = Array.from({ length: Math.min(500, mails - from) }, (_, i) => {
      const n = from + i
      return { type: 'identify', userId: `c${n}`, traits: { email: `c${n}@x.example` } }
    })
    expect((await server.ask('POST', '/v1/batch', { batch })).status).toBe(200)
  }
}

const journey = `
trigger: { event: Go }
purpose: service
once: customer
steps:
  - message: { channel: email, purpose: service, template: first }
  - wait: { for: 2 s }
  - message: { channel: email, purpose: service, template: second }
`

const keysOfJourney = (instances: number): string[] =>
  Array.from({ length: instances }, (_, n) => [`c${n}-first`, `c${n}-second`]).flat()

async function prepareJourney(server: Server, instances: number): Promise<void> {
  for (const name of ['first', 'second']) {
    const template = { channel: 'email', subject: 'Mail', text: `key={{ event.properties.who }}-${name}.` }
    expect((await server.ask('PUT', `/v1/templates/${name}`, template)).status).toBe(200)
  }
  expect((await server.ask('PUT', '/v1/journeys/two-mails', { source: journey })).status).toBe(200)
  expect((await server.ask('POST', '/v1/journeys/two-mails/start', {})).status).toBe(200)
  await prepare(server, instances)
}

/** Sends the event that begins each instance until it is acknowledged; then the server works by itself. */
function begin(servers: readonly Server[], keys: readonly string[], settled: Set<string>) {
  let isStopped = false
  const events = keys.filter((key) => key.endsWith('-first')).map((key) => key.slice(0, -'-first'.length))
  const sending = async (): Promise<void> => {
    for (let from = 0; from < events.length && !isStopped; from += 250) {
      const batch = events.slice(from, from + 250).map((who) => {
        return { type: 'track', event: 'Go', userId: who, messageId: `go-${who}`, properties: { who } }
      })
      try {
        const { status } = await servers[0].ask('POST', '/v1/batch', { batch })
        if (status === 200)
          for (const { userId } of batch) for (const n of ['first', 'second']) settled.add(`${userId}-${n}`)
      } catch (error) {
        if (error instanceof TypeError) return
        throw error
      }
    }
  }
  const end = sending()
  return {
    end,
    stop: async () => {
      isStopped = true
      await end
    },
  }
}

/** Asks for each mail until it was answered what became of it; both servers are asked for the same keys. */
function send(servers: readonly Server[], keys: readonly string[], settled: Set<string>) {
  let isStopped = false
  const lane = async (server: Server, own: string[]): Promise<void> => {
    for (let key = own.shift(); key !== undefined && !isStopped; key = own.shift()) {
      const customer = `c${key.split('-')[2]}`
      const wanted = { customer, key, purpose: 'service', template: 'mail', data: { key } }
      try {
        const { status, body } = await server.ask('POST', '/v1/messages', wanted)
        if (status === 200 && body.outcome.kind === 'done') settled.add(key)
      } catch (error) {
        if (error instanceof TypeError) return
        throw error
      }
    }
  }
  const running = Promise.all(
    servers.flatMap((server) => {
      const own = [...keys]
      return Array.from({ length: lanes }, () => lane(server, own))
    }),
  )
  return {
    end: running,
    stop: async () => {
      isStopped = true
      await running
    },
  }
}

/** Stops a process where it stands, for longer than any lease of it holds, and lets it go on; resolves when it has gone on. */
async function stopPastLease(server: Server, timeout: number): Promise<void> {
  server.started.process.kill('SIGSTOP')
  await setTimeout(2 * timeout * 1000 + 1500)
  server.started.process.kill('SIGCONT')
}

/** Nothing came twice; what did not come is listed as in doubt; and of those there are few. */
async function judge(server: Server, post: MailServer, keys: readonly string[], kills: number): Promise<void> {
  const rows = await finalRows(server, keys.length)
  const counts = Map.groupBy(post.received, ({ raw }) => /key=([\w-]+)\./.exec(raw)?.[1] ?? 'none')
  const twice = [...counts].filter(([, mails]) => mails.length > 1).map(([key]) => key)
  expect(twice).toEqual([])
  const doubted = new Set(rows.filter(isDoubted).map(({ key }) => key))
  const missing = keys.filter((key) => !counts.has(key) && !waitsForPerson(key, doubted))
  expect(missing.filter((key) => !doubted.has(key))).toEqual([])
  const wrong = rows.filter(({ state, key }) => state === 'sent' && !counts.has(key))
  expect(wrong).toEqual([])
  expect(rows.filter(({ state }) => state !== 'sent' && state !== 'in_doubt')).toEqual([])
  expect(doubted.size).toBeLessThanOrEqual(kills * connections)
  expect(post.received.length).toBeGreaterThan(keys.length / 2)
}

interface Row {
  readonly key: string
  readonly state: string
}

/** By the key that stands in the mail; a journey's messages have keys of its own. */
function named({ key, state, journey, customer, template }: Row & Record<string, unknown>): Row {
  const { value } = customer as { value: string }
  return { key: journey === null ? key : `${value.split('@')[0]}-${template}`, state }
}

const isDoubted = ({ state }: Row) => state === 'in_doubt'

/** A journey that does not know what became of its first mail goes no further before a person has said so. */
function waitsForPerson(key: string, doubted: ReadonlySet<string>): boolean {
  return key.endsWith('-second') && doubted.has(key.replace(/-second$/, '-first'))
}

/** All rows, when nothing waits and no lease runs any more. */
async function finalRows(server: Server, mails: number): Promise<Row[]> {
  for (let waited = 0; waited < patienceSeconds; waited++) {
    // An event that a dead runner had begun to look at shows nowhere until its claim is over.
    const rows = (await isQuiet(server)) ? await allRows(server) : []
    const held = rows.filter((row) => isDoubted(row) && row.key.endsWith('-first')).length
    if (rows.length + held === mails) return rows
    await setTimeout(1000)
  }
  throw new Error(`the ${mails} mails have not come to an end after ${patienceSeconds} s`)
}

async function allRows(server: Server): Promise<Row[]> {
  const rows: Row[] = []
  for (let before: number | null = null; ; ) {
    const page: string = before === null ? '' : `&before=${before}`
    const { body } = await server.ask('GET', `/v1/messages?limit=1000${page}`)
    rows.push(...body.messages.map(named))
    before = body.next
    if (before === null) return rows
  }
}

/** Is no mail open, and does every instance of a journey that has not ended wait for a person? */
async function isQuiet(server: Server): Promise<boolean> {
  const { body } = await server.ask('GET', '/v1/journeys')
  for (const { id } of body.journeys) {
    const { standing } = (await server.ask('GET', `/v1/journeys/${id}`)).body
    if (standing.some(({ phase }: { phase: string }) => phase !== 'in_doubt')) return false
  }
  for (const state of ['planned', 'sending'])
    if ((await server.ask('GET', `/v1/messages?limit=1&state=${state}`)).body.messages.length > 0) return false
  return true
}
