/**
 * Token buckets, one for each key, in this process. A bucket fills at `perSecond` up to `burst`; a request takes one
 * token. Costs a map look-up: a plugin that counts by address would cost more than the rest of a small request.
 */
import type { Config } from '../config.ts'
import type { KeyKind } from '../engine-api.ts'
import type { World } from '../world.ts'

export interface RateLimiter {
  /** Takes a token of the key's bucket. Returns 0, or the whole seconds after which there will be one. */
  take(key: { readonly id: string; readonly kind: KeyKind }): number
}

interface Bucket {
  tokens: number
  /** Milliseconds, monotonic. */
  filled: number
}

export function createRateLimiter(limits: Config['rateLimits'], world: World): RateLimiter {
  const buckets = new Map<string, Bucket>()
  return {
    take({ id, kind }) {
      const { perSecond, burst } = limits[kind]
      const now = world.elapsed()
      let bucket = buckets.get(id)
      if (!bucket) {
        bucket = { tokens: burst, filled: now }
        buckets.set(id, bucket)
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
