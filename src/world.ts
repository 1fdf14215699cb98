/**
 * The only sources of non-determinism: time, chance and new identifiers. A `World` is built once (or simulated in a
 * test) and passed in; no module keeps one as state.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto'

export interface World {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
  /** Monotonic milliseconds, for measuring durations only. */
  elapsed(): number
  /** A number drawn uniformly from [0, 1). */
  random(): number
  /** A new globally unique identifier (UUID version 4). */
  uuid(): string
  /** `n` bytes fit for secrets. */
  bytes(n: number): Uint8Array
}

/** The real world: the system's clock and its cryptographic source of chance. */
export const systemWorld: World = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  random: () => Math.random(),
  uuid: () => randomUUID(),
  bytes: (n) => randomBytes(n),
}

export interface SimulatedWorld extends World {
  /** Moves the clock; `ms` may be negative, to play a clock that jumps. */
  advance(ms: number): void
}

/** A world in which the same `seed` gives the same draws and the clock stands still until it is advanced. */
export function simulatedWorld(seed: number, start = Date.UTC(2025, 0, 1)): SimulatedWorld {
  const random = seededRandom(seed)
  let now = start
  const bytes = (n: number) => Uint8Array.from({ length: n }, () => Math.floor(random() * 256))
  return {
    now: () => now,
    elapsed: () => now - start,
    random,
    uuid: () => uuidFrom(bytes(16)),
    bytes,
    advance: (ms) => {
      now += ms
    },
  }
}

/** `mulberry32` (Tommy Ettinger): 32 bits of state, fast, good enough for sampling; never for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function uuidFrom(bytes: Uint8Array): string {
  bytes[6] = (bytes[6] & 0x0f) | 0x40
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = Buffer.from(bytes).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/**
 * A number from [0, 1) that is the same for the same words, everywhere and always: who belongs to which share of an
 * experiment or a holdout. The first 48 bits of SHA-256 over the words.
 */
export function stableShare(...words: readonly (string | number)[]): number {
  return createHash('sha256').update(words.join('\0')).digest().readUIntBE(0, 6) / 2 ** 48
}
