/**
 * How often signing in may be tried: by address of e-mail, by where it comes from, and in all. It counts the same whether
 * anybody has that e-mail or not. In memory only: where somebody comes from is written down nowhere.
 */
import { HabitueError } from '../errors.ts'
import type { World } from '../world.ts'

const windowMs = 15 * 60_000
const mostByEmail = 10
const mostByPlace = 30
/** Passwords that are compared at the same time; each takes 32 MiB and a core. */
const atOnce = 2
const mostWaiting = 50
/** Entries kept; who tries so many names is stopped by the place or by the queue. */
const mostKept = 10_000

interface Tries {
  count: number
  /** Monotonic milliseconds. */
  readonly since: number
}

export interface SignInLimiter {
  /** Counts a try before it is made, so that many at once are many. @throws HabitueError rate_limited */
  attempt(email: string, from: string): void
  /** The try was good: it does not count. */
  passed(email: string, from: string): void
  /** @throws HabitueError rate_limited, where too many wait */
  oneAtATime<T>(work: () => Promise<T>): Promise<T>
}

export function createSignInLimiter(world: Pick<World, 'elapsed'>): SignInLimiter {
  const [emails, places] = [new Map<string, Tries>(), new Map<string, Tries>()]
  const waiting: (() => void)[] = []
  let running = 0
  const check = (tries: Map<string, Tries>, key: string, most: number) => {
    const known = tries.get(key)
    if (!known) return
    const left = windowMs - (world.elapsed() - known.since)
    if (left <= 0) tries.delete(key)
    else if (known.count >= most) throw tooMany(Math.ceil(left / 1000))
  }
  const note = (tries: Map<string, Tries>, key: string) => {
    const known = tries.get(key)
    if (known) known.count++
    else {
      if (tries.size >= mostKept) tries.delete(tries.keys().next().value as string)
      tries.set(key, { count: 1, since: world.elapsed() })
    }
  }
  return {
    attempt(email, from) {
      check(emails, email, mostByEmail)
      check(places, from, mostByPlace)
      note(emails, email)
      note(places, from)
    },
    passed(email, from) {
      emails.delete(email)
      const place = places.get(from)
      if (place) place.count--
    },
    async oneAtATime(work) {
      if (running >= atOnce) {
        if (waiting.length >= mostWaiting) throw tooMany(5)
        await new Promise<void>((resolve) => waiting.push(resolve))
      } else running++
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else running--
      }
    },
  }
}

function tooMany(seconds: number): HabitueError {
  return new HabitueError('rate_limited', `Too many attempts to sign in; try again in ${seconds} s.`, {
    retryAfter: seconds,
  })
}
