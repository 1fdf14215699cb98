/**
 * Journeys: what they cost ingest, steps with real mail to a mail server in a process of its own, and the time from an event
 * to its mail. `journey-costs.ts` measures the parts alone, and a million instances that wait.
 */
import { setTimeout } from 'node:timers/promises'
import type { EngineName } from '../src/db/database.ts'
import { systemWorld } from '../src/world.ts'
import { type Bench, type BenchOptions, type Measure, percentile, rounded } from './bench.ts'
import { closedLoop, openLoop, requestBytes } from './connections.ts'
import { countingJourneys } from './journey-definitions.ts'
import { type Post, startPost } from './mail-server.ts'
import type { Taken } from './mail-server-process.ts'
import { cpuOf, type Server, startServer } from './server.ts'
import { lastLine } from './standalone.ts'
import { newStorage } from './storage.ts'
import { workload } from './workload.ts'

const goals = { eventsASecond: 5_000, mailsASecond: 500, p99Ms: 1_000 } as const
const live = 50
const mails = 6_000
/** Events a second whose mails are timed. */
const rate = 50

export const journeys: Bench = {
  name: 'journeys',
  about: 'events with 50 live journeys, steps with mail, from an event to its mail, a million that wait',
  async *run(options) {
    for (const engine of options.engines) yield* onEngine(engine, options)
    if (options.only !== null) return
    const { measures } = (await lastLine('journey-costs.ts', [])) as { measures: Measure[] }
    yield* measures
  },
}

interface Rig {
  readonly engine: EngineName
  readonly server: Server
  readonly post: Post
  readonly key: string
  readonly options: BenchOptions
}

async function* onEngine(engine: EngineName, options: BenchOptions): AsyncGenerator<Measure> {
  const post = await startPost()
  const storage = await newStorage(engine)
  try {
    const profile = options.profiles ? { folder: options.profiles, name: `journeys-${engine}` } : null
    const messages = { smtpUrl: post.url, from: 'Shop <hello@shop.example>' }
    const server = await startServer({ storage: storage.place, profile, config: { messages } })
    try {
      const { key } = await server.ask<{ key: string }>('POST', '/v1/keys', { kind: 'server', name: 'bench' })
      const rig: Rig = { engine, server, post, key, options }
      await prepare(rig)
      const isAsked = (name: string) => options.only === null || options.only === name
      if (isAsked('due')) yield await dueMail(rig)
      if (isAsked('time')) yield* await timeToMail(rig)
      if (isAsked('count')) yield* await counted(rig)
    } finally {
      await server.stop()
    }
  } finally {
    await storage.remove()
    post.stop()
  }
}

async function prepare(rig: Rig): Promise<void> {
  const words = { subject: 'News', html: '<p>{{ greeting }},</p><p>{{ event.properties.note }}</p>' }
  await rig.server.ask('PUT', '/v1/templates/note', { channel: 'email', ...words })
  const one = (n: number) => ({
    type: 'identify',
    userId: `c${n}`,
    traits: { email: `c${n}@x.example`, name: `C ${n}` },
  })
  await inBatches(rig, mails, one)
  const message = '  - message: { channel: email, purpose: service, template: note }\n'
  await journey(
    rig.server,
    'due',
    `trigger: { event: Go }\npurpose: service\nsteps:\n  - wait: { for: 15 s }\n${message}`,
  )
  await journey(rig.server, 'at-once', `trigger: { event: Ping }\npurpose: service\nsteps:\n${message}`)
}

async function journey(server: Server, id: string, source: string): Promise<void> {
  await server.ask('PUT', `/v1/journeys/${id}`, { source, confirm: true })
  await server.ask('POST', `/v1/journeys/${id}/start`, {})
}

async function inBatches({ server, key }: Rig, total: number, one: (n: number) => object): Promise<void> {
  const requests = Array.from({ length: Math.ceil(total / 500) }, (_, i) => {
    const batch = Array.from({ length: Math.min(500, total - 500 * i) }, (_, n) => one(500 * i + n))
    return requestBytes(server.url, '/v1/batch', key, JSON.stringify({ batch }))
  })
  await closedLoop(server.url, 4, 600, () => requests.shift() ?? null)
}

const tracked = (event: string) => (n: number) => ({
  ...{ type: 'track', event, userId: `c${n}`, messageId: `${event}-${n}` },
  properties: { note: `It is on its way, number ${n}.` },
})

/** All wait for the same minute; then as many mails as there are. */
async function dueMail(rig: Rig): Promise<Measure> {
  const { server, post, engine, options } = rig
  await inBatches(rig, mails, tracked('Go'))
  await waitFor(server, 'due', mails)
  await server.ask('POST', '/v1/journeys/due/pause', {})
  await setTimeout(16_000)
  await post.taken()
  const [before, postBefore] = [cpuOf(server.pid), cpuOf(post.pid)]
  const began = performance.timeOrigin + performance.now()
  await server.ask('POST', '/v1/journeys/due/start', {})
  const taken = await takenAll(post, mails)
  const seconds = (Math.max(...taken.map(({ time }) => time)) - began) / 1000
  const after = cpuOf(server.pid)
  const detail = {
    mails,
    seconds: rounded(seconds),
    cpuMicrosAMail: {
      server: rounded((after.all - before.all) / mails),
      mainThread: rounded((after.main - before.main) / mails),
      mailServer: rounded((cpuOf(post.pid).all - postBefore.all) / mails),
    },
  }
  options.say(`journeys: ${engine}, ${Math.round(mails / seconds)} mails/s; ${JSON.stringify(detail)}`)
  const goal = { is: 'at least', value: goals.mailsASecond } as const
  return { what: `${engine}, due steps with mail`, value: Math.round(mails / seconds), unit: 'mails/s', goal, detail }
}

/** Instances that wait, by what the API says. */
async function waitFor(server: Server, id: string, wanted: number): Promise<void> {
  for (;;) {
    const { standing } = await server.ask<{ standing: { count: number }[] }>('GET', `/v1/journeys/${id}`)
    if (standing.reduce((sum, { count }) => sum + count, 0) >= wanted) return
    await setTimeout(100)
  }
}

async function takenAll(post: Post, wanted: number): Promise<Taken[]> {
  const taken: Taken[] = []
  for (let quiet = 0; taken.length < wanted; quiet++) {
    const more = await post.taken()
    if (more.length > 0) quiet = 0
    if (quiet > 600) throw new Error(`Of ${wanted} mails ${taken.length} came`)
    taken.push(...more)
    await setTimeout(100)
  }
  return taken
}

/** From the acknowledgement of an event until the mail server has its mail. */
async function timeToMail({ server, post, key, engine, options }: Rig): Promise<Measure[]> {
  const seconds = Math.max(10, options.seconds)
  const total = rate * seconds
  const accepted = new Map<string, number>()
  let sent = 0
  let answered = 0
  await post.taken()
  const before = cpuOf(server.pid)
  await openLoop(
    server.url,
    1,
    seconds,
    rate,
    () => requestBytes(server.url, '/v1/batch', key, JSON.stringify({ batch: [tracked('Ping')(sent++)] })),
    ({ status, body }) => {
      if (status !== 200) throw new Error(`An event was answered ${status}: ${body}`)
      accepted.set(`c${answered++}@x.example`, performance.timeOrigin + performance.now())
    },
  )
  const taken = await takenAll(post, total)
  const times = taken.map(({ to, time }) => time - (accepted.get(to) ?? Number.NaN)).sort((a, b) => a - b)
  const cpuMicros = rounded((cpuOf(server.pid).all - before.all) / total)
  const [p50, p99, worst] = [percentile(times, 0.5), percentile(times, 0.99), times[times.length - 1]].map((ms) =>
    rounded(ms),
  )
  const detail = { events: total, rate, p50, p99, worst, cpuMicros }
  options.say(`journeys: ${engine}, from an event to its mail: ${JSON.stringify(detail)}`)
  const what = `${engine}, from an event to its mail`
  return [
    { what: `${what}, p50`, value: p50, unit: 'ms', detail },
    { what: `${what}, p99`, value: p99, unit: 'ms', goal: { is: 'at most', value: goals.p99Ms } },
  ]
}

/** Events with 50 live journeys that count and wait: as they are accepted, and as they are accepted and looked at. */
async function counted({ server, key, engine, options }: Rig): Promise<Measure[]> {
  for (const [id, source] of countingJourneys(live)) await journey(server, id, source)
  await journey(server, 'last', 'trigger: { event: Last }\npurpose: service\nsteps:\n  - wait: { for: 1 day }\n')
  const work = workload({ seed: options.seed, start: systemWorld.now() - 3_600_000 })
  const seconds = Math.max(8, 2 * options.seconds)
  const requests = Array.from({ length: 120 * seconds }, () =>
    requestBytes(server.url, '/v1/batch', key, work.batch(100).json),
  )
  const before = cpuOf(server.pid)
  const began = performance.now()
  const load = await closedLoop(server.url, 8, seconds, () => requests.shift() ?? null)
  const events = load.requests * 100
  const accepted = cpuOf(server.pid)
  // Events are looked at in the order of their arrival.
  await server.ask('POST', '/v1/batch', { batch: [tracked('Last')(0)] })
  await waitFor(server, 'last', 1)
  const whole = (performance.now() - began) / 1000
  const after = cpuOf(server.pid)
  const detail = {
    events,
    p99Ms: rounded(percentile(load.latencies, 0.99)),
    cpuMicrosAnEvent: {
      untilAccepted: rounded((accepted.all - before.all) / events),
      untilLookedAt: rounded((after.all - before.all) / events),
      mainThread: rounded((after.main - before.main) / events),
    },
  }
  const what = `${engine}, events with ${live} live journeys`
  const [rateAccepted, rateLooked] = [events / load.seconds, events / whole].map(Math.round)
  options.say(`${what}: ${rateAccepted} accepted, ${rateLooked} looked at a second; ${JSON.stringify(detail)}`)
  const goal = { is: 'at least', value: goals.eventsASecond } as const
  return [
    {
      what: `${what}, accepted`,
      value: rateAccepted,
      unit: 'events/s',
      ...(engine === 'sqlite' ? { goal } : {}),
      detail,
    },
    { what: `${what}, accepted and looked at`, value: rateLooked, unit: 'events/s' },
  ]
}
