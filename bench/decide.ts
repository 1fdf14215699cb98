/** Full personal decisions: in process, over HTTP beside a bare Fastify, and with a catalogue of 100,000 items. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { seededRandom } from '../src/world.ts'
import { type Bench, type BenchOptions, type Measure, median, percentile, rounded } from './bench.ts'
import { closedLoop, type Load, ok, requestBytes } from './connections.ts'
import { largeHistory, readHistory } from './histories.ts'
import { trained } from './prepared.ts'
import { cpuOf, endsWithUs, startServer } from './server.ts'

const goals = { inProcess: 10_000, shareOfFastify: 0.25 } as const
const connections = 8

export const decide: Bench = {
  name: 'decide',
  about: 'personal decisions a second: in process, over HTTP, and with 100,000 items',
  async *run(options) {
    const shops = [
      { name: 'ml-1m', open: () => trained(options, readHistory(options)), size: 'ML-1M size', demanded: true },
      { name: '100k', open: () => trained(options, largeHistory(options)), size: '100,000 items', demanded: false },
    ].filter(({ name }) => !options.only || options.only === name)
    for (const { open, size, demanded } of shops) {
      const shop = await open()
      try {
        options.say(`decide: ${shop.name}`)
        yield* await inProcess(options, shop, size, demanded)
        yield* await overHttp(options, shop, size, demanded)
      } finally {
        shop.remove()
      }
    }
  },
}

export interface Shop {
  readonly name: string
  readonly dataFile: string
  readonly users: readonly string[]
  remove(): void
}

interface InProcess {
  readonly rounds: readonly { readonly aSecond: number; readonly cpuMicros: number; readonly undisturbed: number }[]
  /** Processor time of the deciding thread for a customer who was not asked about before, memory read. */
  readonly firstMicros: number
  readonly model: unknown
}

async function inProcess(options: BenchOptions, shop: Shop, size: string, demanded: boolean): Promise<Measure[]> {
  const measures: Measure[] = []
  for (const bound of canBind() ? [true, false] : [false]) {
    const { rounds, firstMicros, model } = await decideProcess(options, shop, bound)
    const value = Math.round(median(rounds.map(({ aSecond }) => aSecond)))
    options.say(`  in process${bound ? ', bound to one core' : ''}: ${value} decisions/s`)
    measures.push({
      what: `${size}, in process${bound ? ', all threads on one core' : ''}`,
      value,
      unit: 'decisions/s',
      ...(demanded ? { goal: { is: 'at least', value: goals.inProcess } as const } : {}),
      detail: {
        data: shop.name,
        rounds: rounds.map(({ aSecond }) => Math.round(aSecond)),
        cpuMicrosADecision: rounded(median(rounds.map(({ cpuMicros }) => cpuMicros))),
        undisturbedASecond: Math.round(median(rounds.map(({ undisturbed }) => undisturbed))),
        firstDecisionMicros: rounded(firstMicros),
        model,
      },
    })
  }
  return measures
}

async function decideProcess(options: BenchOptions, { dataFile, users }: Shop, bound: boolean): Promise<InProcess> {
  const { profiles, seconds, rounds } = options
  const usersFile = `${dataFile}.users`
  writeFileSync(usersFile, users.join('\n'))
  const node = [
    process.execPath,
    ...(profiles ? ['--cpu-prof', `--cpu-prof-dir=${join(profiles, 'decide-process')}`] : []),
    join(import.meta.dirname, 'decide-process.ts'),
    ...['--data', dataFile, '--users', usersFile, '--seconds', `${seconds}`, '--rounds', `${rounds}`],
  ]
  const [command, ...rest] = bound ? ['taskset', '-c', '0', ...node] : node
  const { stdout } = await promisify(execFile)(command, rest, { maxBuffer: 1 << 26 })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as InProcess
}

function canBind(): boolean {
  try {
    execFileSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

interface Served {
  readonly rate: number
  readonly load: Load
  readonly serverMicros: number
}

async function overHttp(options: BenchOptions, shop: Shop, size: string, demanded: boolean): Promise<Measure[]> {
  const { profiles, seconds, rounds, seed } = options
  const folder = mkdtempSync(join(tmpdir(), 'habitue-bench-'))
  const profile = profiles ? { folder: profiles, name: 'decide-http' } : null
  const server = await startServer({ storage: { dataFile: shop.dataFile }, profile })
  let bare: ChildProcess | null = null
  try {
    const { key } = await server.ask<{ key: string }>('POST', '/v1/keys', { kind: 'server', name: 'bench' })
    const bodyOf = (customer: string) => JSON.stringify({ customer, placement: 'home' })
    const bodyFile = join(folder, 'body.json')
    const sample = await server.ask('POST', '/v1/recommendations', JSON.parse(bodyOf(shop.users[0])))
    writeFileSync(bodyFile, JSON.stringify(sample))
    bare = spawn(process.execPath, [join(import.meta.dirname, 'bare-fastify.ts'), bodyFile], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    endsWithUs(bare)
    const bareUrl = await firstLine(bare)
    const random = seededRandom(seed)
    const personal = shop.users.map((user) => requestBytes(server.url, '/v1/recommendations', key, bodyOf(user)))
    const any = (list: readonly Buffer[]) => () => list[Math.floor(random() * list.length)]
    const at = (path: string) => [requestBytes(bareUrl, path, key, bodyOf(shop.users[0]))]
    const runs = [
      { name: 'habitue', url: server.url, pid: server.pid, next: any(personal), check: personalOnly },
      { name: 'object', url: bareUrl, pid: bare.pid as number, next: any(at('/object')), check: ok },
      { name: 'text', url: bareUrl, pid: bare.pid as number, next: any(at('/text')), check: ok },
    ]
    const served = new Map<string, Served[]>(runs.map(({ name }) => [name, []]))
    // Each customer once: profiles in the cache, code compiled.
    let warm = 0
    await closedLoop(server.url, connections, 120, () => personal[warm++] ?? null)
    for (const { url, next } of runs) await closedLoop(url, connections, Math.min(2, seconds), next)
    for (let round = 0; round < rounds; round++) {
      for (const { name, url, pid, next, check } of runs) {
        const before = cpuOf(pid)
        const load = await closedLoop(url, connections, seconds, next, check)
        const serverMicros = (cpuOf(pid).main - before.main) / load.requests
        served.get(name)?.push({ rate: load.requests / load.seconds, load, serverMicros })
        options.say(`  over HTTP, ${name}: ${Math.round(load.requests / load.seconds)}/s`)
      }
    }
    return httpMeasures(served, size, demanded, JSON.stringify(sample).length)
  } finally {
    bare?.kill()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function personalOnly(answer: { status: number; body: Buffer }): void {
  ok(answer)
  if (!answer.body.includes('"personalised":true')) throw new Error('A decision was not personal')
}

function httpMeasures(
  served: ReadonlyMap<string, readonly Served[]>,
  size: string,
  demanded: boolean,
  bodyBytes: number,
): Measure[] {
  const all = (name: string) => served.get(name) ?? []
  const rate = (name: string) => median(all(name).map((one) => one.rate))
  const micros = (name: string) => rounded(median(all(name).map((one) => one.serverMicros)))
  const latencies = Float64Array.from(all('habitue').flatMap(({ load }) => [...load.latencies])).sort()
  const detail = (name: string) => ({
    rounds: all(name).map((one) => Math.round(one.rate)),
    mainThreadMicros: micros(name),
    connections,
    bodyBytes,
  })
  const shares = all('habitue').map((one, i) => one.rate / all('object')[i].rate)
  return [
    {
      what: `${size}, over HTTP`,
      value: Math.round(rate('habitue')),
      unit: 'decisions/s',
      detail: {
        ...detail('habitue'),
        p50Ms: rounded(percentile(latencies, 0.5)),
        p99Ms: rounded(percentile(latencies, 0.99)),
      },
    },
    {
      what: `${size}, bare Fastify, equal body as an object`,
      value: Math.round(rate('object')),
      unit: 'requests/s',
      detail: detail('object'),
    },
    {
      what: `${size}, bare Fastify, equal body as a text`,
      value: Math.round(rate('text')),
      unit: 'requests/s',
      detail: detail('text'),
    },
    {
      what: `${size}, share of bare Fastify (object)`,
      value: rounded(median(shares)),
      unit: 'of 1',
      ...(demanded ? { goal: { is: 'at least', value: goals.shareOfFastify } as const } : {}),
      detail: {
        rounds: shares.map((share) => rounded(share)),
        ofText: rounded(rate('habitue') / rate('text')),
        byProcessorTime: rounded(micros('object') / micros('habitue')),
      },
    },
  ]
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.once('exit', (code) => reject(new Error(`The bare server ended with ${code}`)))
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('\n')) resolve(said.trim())
    })
  })
}
