/**
 * The one loop behind all that is done when it is due: journeys' steps, derived events, segments that time alone changes.
 * Each kind of work has a lane of its own, so that a mail server that hangs holds up nothing but mail:
 *
 *   resting ──(due, woken, or a second has passed)──> working ──(nothing more is due)──> resting
 *      └──────────────────────────────(stop)──────────────┴──> stopped
 *
 * A lane never overlaps itself in a process; what keeps several processes on one PostgreSQL apart are the claims of the
 * handlers that do the work.
 */
import type { World } from '../world.ts'

export interface Settled {
  /** How much that was due it dealt with. */
  readonly done: number
  /** When something is due next, in milliseconds of the world's clock: not after `now` = there is more; null = not known. */
  readonly next: number | null
}

export interface Work {
  readonly name: string
  /** No event makes anything of it due at once: it is not woken, and looks once a second. */
  readonly patient?: boolean
  /** Does a piece of what is due at `now`, small enough to hold nobody up. */
  settle(now: number): Promise<Settled>
}

export interface Loop {
  start(): void
  /** Something may have become due: whoever is not patient looks soon. Costs nothing where the loop is about to look anyway. */
  wake(): void
  /** Does all that is due at the world's present time, also where the loop was never started: for simulated time. */
  settle(): Promise<void>
  /** Resolves when the pieces under way are done. */
  stop(): Promise<void>
}

export interface LoopOptions {
  readonly world: World
  readonly onError: (error: unknown, work: string) => void
  /** The longest rest: finds what other processes have made due, and clocks that jumped. */
  readonly idleMs?: number
  /** The shortest time between two looks, where it was woken. */
  readonly restMs?: number
}

export function createLoop(works: readonly Work[], options: LoopOptions): Loop {
  // What one lane did may have made something due in another.
  const wakeOthers = (than: Lane) => {
    for (const lane of lively) if (lane !== than) lane.wake()
  }
  const lanes: Lane[] = works.map((work) => new Lane(work, { ...options, wakeOthers }))
  const lively = lanes.filter(({ patient }) => !patient)
  const all = (act: (lane: Lane) => Promise<boolean>) => Promise.all(lanes.map(act))
  return {
    start: () => {
      for (const lane of lanes) lane.start()
    },
    wake: () => {
      for (const lane of lively) lane.wake()
    },
    async settle() {
      // What one lane does may make something due in another.
      for (let busy = true; busy; ) busy = (await all((lane) => lane.settleAll())).some(Boolean)
    },
    async stop() {
      await Promise.all(lanes.map((lane) => lane.stop()))
    },
  }
}

/** Rests after failures in a row: twice as long each time. */
const longestRestMs = 60_000

interface LaneOptions extends LoopOptions {
  readonly wakeOthers: (than: Lane) => void
}

class Lane {
  readonly #work: Work
  readonly #world: World
  readonly #onError: LoopOptions['onError']
  readonly #idleMs: number
  readonly #restMs: number
  #state: 'new' | 'resting' | 'working' | 'stopped' = 'new'
  #timer: NodeJS.Timeout | undefined
  /** The timer rings within the shortest rest. */
  #soon = false
  #woken = false
  /** When it began to look last, by `elapsed`. */
  #looked = Number.NEGATIVE_INFINITY
  #failures = 0
  /** How much it has dealt with so far. */
  #done = 0
  #running: Promise<unknown> = Promise.resolve()
  readonly #wakeOthers: (than: Lane) => void

  constructor(work: Work, { world, onError, wakeOthers, idleMs = 1000, restMs = 50 }: LaneOptions) {
    this.#wakeOthers = wakeOthers
    this.#work = work
    this.#world = world
    this.#onError = onError
    this.#idleMs = idleMs
    this.#restMs = restMs
  }

  get patient(): boolean {
    return this.#work.patient === true
  }

  start(): void {
    if (this.#state === 'new') this.#rest(0)
  }

  wake(): void {
    if (this.#state === 'working') this.#woken = true
    else if (this.#state === 'resting' && this.#failures === 0 && !this.#soon) this.#rest(this.#shortestRest())
  }

  /** @returns whether there was anything to do, by the piece under way too. @throws what the work threw */
  settleAll(): Promise<boolean> {
    const before = this.#done
    const turn = this.#running.then(async () => {
      while (this.#state !== 'stopped') {
        const now = this.#world.now()
        const { done, next } = await this.#work.settle(now)
        this.#done += done
        if (next === null || next > now) break
      }
      return this.#done > before
    })
    this.#running = turn.catch(() => {})
    return turn
  }

  async stop(): Promise<void> {
    this.#state = 'stopped'
    clearTimeout(this.#timer)
    await this.#running
  }

  /** At once, unless it looked a moment ago. */
  #shortestRest(): number {
    return Math.max(0, this.#restMs - (this.#world.elapsed() - this.#looked))
  }

  #rest(ms: number): void {
    if (this.#state === 'stopped') return
    this.#state = 'resting'
    clearTimeout(this.#timer)
    this.#soon = ms <= this.#restMs
    this.#timer = setTimeout(() => this.#begin(), ms)
    this.#timer.unref()
  }

  #begin(): void {
    if (this.#state === 'stopped') return
    this.#state = 'working'
    this.#running = this.#running.then(() => this.#settleDue())
  }

  async #settleDue(): Promise<void> {
    try {
      for (;;) {
        if (this.#state === 'stopped') return
        this.#woken = false
        this.#looked = this.#world.elapsed()
        const now = this.#world.now()
        const { done, next } = await this.#work.settle(now)
        this.#failures = 0
        this.#done += done
        if (done > 0) this.#wakeOthers(this)
        if (next !== null && next <= now) continue
        const until = next === null ? this.#idleMs : Math.min(next - now, this.#idleMs)
        return this.#rest(this.#woken ? Math.min(until, this.#shortestRest()) : until)
      }
    } catch (error) {
      this.#onError(error, this.#work.name)
      this.#failures++
      this.#rest(Math.min(longestRestMs, this.#idleMs * 2 ** Math.min(this.#failures - 1, 10)))
    }
  }
}
