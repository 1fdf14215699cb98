/**
 * How processes on one PostgreSQL learn what the others changed. Every commit raises the version of its topics and notes
 * the keys under it (`change_log`); a process remembers up to which version it knows, and `catchUp` reads what came since.
 * Whoever must not stand on anything old awaits it first: one small query, shared by all who ask at the same time. For the
 * rest a NOTIFY wakes the others soon after a commit, sent outside the transactions and gathered, because inside them it
 * would make PostgreSQL commit one at a time; and a look every few seconds makes good one that was lost.
 *
 * Customers are not among the topics: every reading compares `customers.version` anyway.
 */
import pg from 'pg'
import type { World } from '../world.ts'
import { ChangeSet } from './changes.ts'
import { type Changes, everything, type Log, type Topic } from './database.ts'
import { clientConfig, type PostgresConnection } from './postgres.ts'

const channel = 'habitue_changes'
const gatherMs = 25
const lookMs = 2000

interface Options {
  readonly url: string
  readonly connection: PostgresConnection
  readonly world: World
  readonly log: Log
}

interface Row {
  readonly topic: Topic
  readonly version: number
}

export class PostgresSignals {
  readonly #options: Options
  readonly #deliver: (changes: Changes) => void
  readonly #me: string
  #client: pg.Client | null = null
  #sendTimer: NodeJS.Timeout | null = null
  #lookTimer: NodeJS.Timeout | null = null
  #stopped = false
  /** Up to which version of each topic the listeners were told. */
  readonly #known = new Map<Topic, number>()
  #catching: Promise<void> | null = null
  #next: Promise<void> | null = null
  /** Work under way, so that stopping can wait for it. */
  #busy: Promise<unknown> = Promise.resolve()

  constructor(options: Options, deliver: (changes: Changes) => void) {
    this.#options = options
    this.#deliver = deliver
    this.#me = options.world.uuid()
  }

  /** Listens, and keeps listening. What was committed before is not told. @throws where not even the first connection comes about */
  async start(): Promise<void> {
    await this.#listen()
    for (const { topic, version } of await this.#versions()) this.#known.set(topic, version)
    this.#schedule(lookMs)
  }

  /** Notes what this process committed, of which its listeners were told already, and wakes the others soon. */
  committed(versions: ReadonlyMap<Topic, number>): void {
    if (versions.size === 0) return
    for (const [topic, version] of versions)
      if ((this.#known.get(topic) ?? 0) === version - 1) this.#known.set(topic, version)
    if (this.#sendTimer || this.#stopped) return
    this.#sendTimer = setTimeout(() => {
      this.#sendTimer = null
      this.#busy = this.#busy.then(() => this.#wakeOthers())
    }, gatherMs)
  }

  /** Resolves when the listeners were told of everything that was committed before this call. @throws of storage */
  catchUp(): Promise<void> {
    if (!this.#catching) {
      this.#catching = this.#readChanges().finally(() => {
        this.#catching = null
      })
      return this.#catching
    }
    // The reading under way may have begun before a commit that the caller must see: the next one is for all who wait.
    this.#next ??= this.#catching
      .catch(() => {})
      .then(() => {
        this.#next = null
        return this.catchUp()
      })
    return this.#next
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#lookTimer) clearTimeout(this.#lookTimer)
    await this.#busy
    if (this.#sendTimer) {
      clearTimeout(this.#sendTimer)
      await this.#wakeOthers()
    }
    await this.#client?.end().catch(() => {})
  }

  #versions(): Promise<Row[]> {
    return this.#options.connection.all<Row>('select topic, version from changes')
  }

  async #readChanges(): Promise<void> {
    const newer = (await this.#versions()).filter(({ topic, version }) => version !== (this.#known.get(topic) ?? 0))
    if (newer.length === 0) return
    const changes = new ChangeSet()
    for (const { topic, version } of newer) {
      const known = this.#known.get(topic) ?? 0
      const rows = await this.#options.connection.all<{ keys: string }>(
        'select keys from change_log where topic = $1 and version > $2 and version <= $3',
        [topic, known, version],
      )
      // More was missed than is kept; or the database is an older one now, out of a backup.
      const complete = rows.length === version - known
      const keys = complete ? rows.flatMap((row) => JSON.parse(row.keys) as (number | string)[]) : [everything]
      for (const key of keys) changes.add(topic, key)
    }
    this.#deliver(changes.topics)
    for (const { topic, version } of newer) this.#known.set(topic, version)
  }

  async #wakeOthers(): Promise<void> {
    try {
      await this.#options.connection.client.query('select pg_notify($1, $2)', [channel, this.#me])
    } catch (error) {
      this.#options.log.warn({ err: error }, 'other processes could not be told of a change; they look for themselves')
    }
  }

  async #listen(): Promise<void> {
    const client = new pg.Client(clientConfig(this.#options.url))
    client.on('error', () => {
      if (this.#client === client) this.#client = null
      client.end().catch(() => {})
    })
    client.on('notification', ({ payload }) => {
      if (payload !== this.#me && !this.#stopped) this.#busy = Promise.all([this.#busy, this.catchUp().catch(() => {})])
    })
    await client.connect()
    await client.query(`listen ${channel}`)
    this.#client = client
  }

  #schedule(ms: number): void {
    if (this.#stopped) return
    this.#lookTimer = setTimeout(() => {
      this.#busy = this.#busy.then(() => this.#look())
    }, ms)
    this.#lookTimer.unref()
  }

  async #look(): Promise<void> {
    if (this.#stopped) return
    try {
      if (!this.#client) {
        await this.#listen()
        this.#options.log.info({}, 'listening to other processes again')
      }
      await this.catchUp()
    } catch (error) {
      this.#options.log.warn({ err: error }, 'cannot hear of other processes; trying again')
    }
    this.#schedule(lookMs)
  }
}
