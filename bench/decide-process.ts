/**
 * Decisions in a process of its own, so that it can be bound to one core: an engine on the database of argv, asked one after
 * another. `--users` names a file with a customer a line. Prints one object.
 */
import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { defaultConfig } from '../src/config.ts'
import { createEngine } from '../src/engine.ts'
import type { DecisionRequest } from '../src/engine-api.ts'
import { percentile } from './bench.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '' },
    users: { type: 'string', default: '' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    placement: { type: 'string', default: 'home' },
  },
})
const users = readFileSync(values.users, 'utf8').split('\n')
const seconds = Number(values.seconds)
/** The event loop turns so often, as it does in a server: the log is written behind by a timer. */
const turnEvery = 50

const engine = await createEngine({
  ...defaultConfig,
  dataFile: values.data,
  legalBasis: 'contract',
  logLevel: 'warn',
  training: { ...defaultConfig.training, automatic: false },
})
await engine.start()

const requestOf = (user: string): DecisionRequest => ({
  customer: { kind: 'user', value: user },
  placements: [{ name: values.placement as 'home', count: 10 }],
})

let asked = 0
async function round(ms: number) {
  const before = process.cpuUsage()
  const started = performance.now()
  let decisions = 0
  const turns: number[] = []
  while (performance.now() - started < ms) {
    const turn = performance.now()
    for (let i = 0; i < turnEvery; i++) {
      const answer = await engine.recommend(requestOf(users[asked++ % users.length]), 'known')
      const items = answer.placements.home?.items ?? []
      if (!answer.personalised || items.length !== 10 || items.some(({ reason }) => !reason.kind))
        throw new Error(`A decision was not a full personal one: ${JSON.stringify(answer).slice(0, 500)}`)
      decisions++
    }
    turns.push(performance.now() - turn)
    await setImmediate()
  }
  const elapsed = performance.now() - started
  const { user, system } = process.cpuUsage(before)
  const quick = percentile(
    turns.sort((a, b) => a - b),
    0.05,
  )
  return {
    aSecond: (decisions * 1000) / elapsed,
    cpuMicros: (user + system) / decisions,
    // Turns in which nobody else took the core: what a quiet machine would do.
    undisturbed: (turnEvery * 1000) / quick,
  }
}

// All profiles into the cache, all code compiled. What the second half costs is what somebody costs who did something new,
// and more: his memory is read, his history folded into the models, reasons confirmed.
let before = process.threadCpuUsage()
for (const [n, user] of users.entries()) {
  if (n === users.length >> 1) before = process.threadCpuUsage()
  await engine.recommend(requestOf(user), 'known')
  if (asked++ % turnEvery === 0) await setImmediate()
}
const first = process.threadCpuUsage(before)
const firstMicros = (first.user + first.system) / (users.length - (users.length >> 1))
await round(Math.min(2000, seconds * 1000))
const rounds = []
for (let i = 0; i < Number(values.rounds); i++) rounds.push(await round(seconds * 1000))
const [serving] = engine.training.serving()
const { decisionsLost } = (await engine.doctor()) as { decisionsLost: number }
await engine.stop()
if (decisionsLost > 0) throw new Error(`${decisionsLost} decisions were not logged`)
process.stdout.write(`${JSON.stringify({ rounds, firstMicros, model: serving?.report })}\n`)
