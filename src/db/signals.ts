/**
 * How processes on one PostgreSQL tell each other what they changed: LISTEN and NOTIFY, sent after the commit and
 * gathered, because a NOTIFY inside the transactions would make PostgreSQL commit them one at a time. A signal that is
 * lost (a process that died, a connection that broke) is made good by comparing `changes.version` every few seconds.
 *
 * Customers are not signalled: every reading compares `customers.version` anyway.
 */
import pg from 'pg'
import type { World } from '../world.ts'
import { ChangeSet } from './changes.ts'
import { type Changes, everything, type Log, type Topic } from './database.ts'
import { clientConfig } from './postgres.ts'

const channel = 'habitue_changes'
const gatherMs = 25
const compareMs = 2000
/** PostgreSQL refuses payloads of 8000 bytes and more. */
const mostBytes = 7900

interface Signal {
  readonly from: string
  /** Topic, its keys, and by how much its version rose. */
  readonly changes: readonly (readonly [Topic, readonly (number | string)[], number])[]
}

const signalled: readonly Topic[] = ['items', 'models', 'rules', 'keys']

interface Options {
  readonly url: string
  readonly pool: pg.Pool
  readonly world: World
  readonly log: Log
}

export class PostgresSignals {
  readonly #options: Options
  readonly #deliver: (changes: Changes) => void
  readonly #me: string
  #client: pg.Client | null = null
  #unsent = new ChangeSet()
  #sendTimer: NodeJS.Timeout | null = null
  #compareTimer: NodeJS.Timeout | null = null
  #stopped = false
  readonly #raises = new Map<Topic, number>()
  /** Versions as far as this process made them or heard of them, and as they stood at the last comparison. */
  readonly #heard = new Map<Topic, number>()
  readonly #owed = new Map<Topic, number>()
  /** Work under way, so that stopping can wait for it. */
  #busy: Promise<unknown> = Promise.resolve()

  constructor(options: Options, deliver: (changes: Changes) => void) {
    this.#options = options
    this.#deliver = deliver
    this.#me = options.world.uuid()
  }

  /** Listens, and keeps listening. @throws where not even the first connection comes about */
  async start(): Promise<void> {
    await this.#listen()
    await this.#compare()
    this.#schedule(compareMs)
  }

  /** Tells other processes of committed changes, soon. */
  send(changes: Changes): void {
    for (const [topic, keys] of changes) {
      if (topic === 'customers') continue
      this.#raise(this.#heard, topic, 1)
      this.#raise(this.#raises, topic, 1)
      for (const key of keys) this.#unsent.add(topic, key)
    }
    if (this.#unsent.topics.size === 0 || this.#sendTimer || this.#stopped) return
    this.#sendTimer = setTimeout(() => {
      this.#sendTimer = null
      this.#busy = this.#busy.then(() => this.#flush())
    }, gatherMs)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#compareTimer) clearTimeout(this.#compareTimer)
    if (this.#sendTimer) clearTimeout(this.#sendTimer)
    await this.#busy
    await this.#flush()
    await this.#client?.end().catch(() => {})
  }

  #raise(counts: Map<Topic, number>, topic: Topic, by: number): void {
    counts.set(topic, (counts.get(topic) ?? 0) + by)
  }

  async #flush(): Promise<void> {
    const topics = [...this.#unsent.topics].map(([topic, keys]) => [topic, keys, this.#raises.get(topic) ?? 0] as const)
    if (topics.length === 0) return
    this.#unsent = new ChangeSet()
    this.#raises.clear()
    const text = (keysOf: (keys: Set<number | string>) => readonly (number | string)[]) => {
      const changes = topics.map(([topic, keys, raises]) => [topic, keysOf(keys), raises] as const)
      return JSON.stringify({ from: this.#me, changes } satisfies Signal)
    }
    let payload = text((keys) => [...keys])
    if (Buffer.byteLength(payload) > mostBytes) payload = text(() => [everything])
    await this.#options.pool.query('select pg_notify($1, $2)', [channel, payload]).catch((error: Error) => {
      this.#options.log.warn(
        { err: error },
        'other processes could not be told of a change; they will see it by comparing',
      )
    })
  }

  async #listen(): Promise<void> {
    const client = new pg.Client(clientConfig(this.#options.url))
    client.on('error', () => {
      if (this.#client === client) this.#client = null
      client.end().catch(() => {})
    })
    client.on('notification', ({ payload }) => this.#receive(payload ?? ''))
    await client.connect()
    await client.query(`listen ${channel}`)
    this.#client = client
  }

  #receive(payload: string): void {
    const { from, changes } = JSON.parse(payload) as Signal
    if (from === this.#me) return
    for (const [topic, , raises] of changes) this.#raise(this.#heard, topic, raises)
    this.#deliver(new Map(changes.map(([topic, keys]) => [topic, new Set(keys)])))
  }

  #schedule(ms: number): void {
    if (this.#stopped) return
    this.#compareTimer = setTimeout(() => {
      this.#busy = this.#busy.then(() => this.#look())
    }, ms)
    this.#compareTimer.unref()
  }

  async #look(): Promise<void> {
    if (this.#stopped) return
    try {
      if (!this.#client) {
        await this.#listen()
        this.#options.log.info({}, 'listening to other processes again')
      }
      await this.#compare()
    } catch (error) {
      this.#options.log.warn({ err: error }, 'cannot listen to other processes; trying again')
    }
    this.#schedule(compareMs)
  }

  /**
   * Delivers `everything` of each topic of which fewer changes were heard than its version told at the comparison before
   * this one; a signal that is merely on its way has arrived by then.
   */
  async #compare(): Promise<void> {
    const { rows } = await this.#options.pool.query<{ topic: Topic; version: number }>(
      'select topic, version from changes',
    )
    const versions = new Map(rows.map(({ topic, version }) => [topic, version]))
    const missed: Topic[] = []
    for (const topic of signalled) {
      const version = versions.get(topic) ?? 0
      const owed = this.#owed.get(topic)
      let heard = owed === undefined ? version : (this.#heard.get(topic) ?? 0)
      if (owed !== undefined && heard < owed) {
        missed.push(topic)
        heard = owed
      }
      this.#heard.set(topic, Math.min(heard, version))
      this.#owed.set(topic, version)
    }
    if (missed.length > 0) this.#deliver(new Map(missed.map((topic) => [topic, new Set([everything])])))
  }
}
