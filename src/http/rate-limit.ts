/**
 * Token buckets in this process, one for each key (or survey). A bucket fills at `perSecond` up to `burst`; a request takes
 * one token. Costs a map look-up: a plugin that counts by address would cost more than the rest of a small request.
 */
import type { Config } from '../config.ts'
import type { KeyKind } from '../engine-api.ts'
import type { World } from '../world.ts'

export interface Limit {
  readonly perSecond: number
  readonly burst: number
}

export interface Buckets {
  /** Takes a token of the bucket of that name. Returns 0, or the whole seconds after which there will be one. */
  take(name: string, limit: Limit): number
}

export interface RateLimiter {
  take(key: { readonly id: string; readonly kind: KeyKind }): number
}

interface Bucket {
  tokens: number
  /** Milliseconds, monotonic. */
  filled: number
}

/** Buckets that are held at most; the oldest goes first, as if it were full. */
const mostHeld = 50_000

export function createRateLimiter(limits: Config['rateLimits'], world: World): RateLimiter {
  const buckets = createBuckets(world)
  return { take: ({ id, kind }) => buckets.take(id, limits[kind]) }
}

export function createBuckets(world: World): Buckets {
  const buckets = new Map<string, Bucket>()
  return {
    take(name, { perSecond, burst }) {
      const now = world.elapsed()
      const known = buckets.get(name)
      const bucket = known ?? { tokens: burst, filled: now }
      if (!known) {
        if (buckets.size >= mostHeld) buckets.delete(buckets.keys().next().value as string)
        buckets.set(name, bucket)
      }
      bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.filled) / 1000) * perSecond)
      bucket.filled = now
      if (bucket.tokens >= 1) {
        bucket.tokens -= 1
        return 0
      }
      return Math.max(1, Math.ceil((1 - bucket.tokens) / perSecond))
    },
  }
}
