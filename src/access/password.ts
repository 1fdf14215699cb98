/** Passwords: scrypt (RFC 7914) with the parameters of OWASP's Password Storage Cheat Sheet, kept beside each hash. */
import { scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { HabitueError } from '../errors.ts'
import type { World } from '../world.ts'

const derive = promisify<string, Uint8Array, number, object, Buffer>(scrypt)
const [r, p] = [8, 3]
const bytes = 32
const shortest = 12
const longest = 200

/** @throws HabitueError invalid_body, where it is too short or too long to be one */
export function checkPassword(text: string): void {
  if (text.length < shortest || text.length > longest) {
    const expected = `${shortest} to ${longest} characters`
    throw new HabitueError('invalid_body', `The password has ${text.length} characters; expected ${expected}.`, {
      expected,
    })
  }
}

/** `scrypt$N$r$p$salt$hash`, the last two in base64url; N = 2 ** `cost`. */
export async function hashPassword(text: string, cost: number, world: Pick<World, 'bytes'>): Promise<string> {
  const [salt, N] = [world.bytes(16), 2 ** cost]
  const key = await run(text, salt, { N, r, p })
  const encode = (part: Uint8Array) => Buffer.from(part).toString('base64url')
  return ['scrypt', N, r, p, encode(salt), encode(key)].join('$')
}

/** Whether `text` is the password behind `stored`. Takes as long where there is none, so that nobody learns who is known. */
export async function isPassword(text: string, stored: string | null, cost: number): Promise<boolean> {
  const [, N, blocks, lanes, salt, hash] = (stored ?? nobody(cost)).split('$')
  const expected = Buffer.from(hash, 'base64url')
  const wanted = { N: Number(N), r: Number(blocks), p: Number(lanes) }
  const given = await run(text, Buffer.from(salt, 'base64url'), wanted)
  return timingSafeEqual(given, expected) && stored !== null
}

function run(text: string, salt: Uint8Array, wanted: { N: number; r: number; p: number }): Promise<Buffer> {
  // scrypt takes 128 * N * r bytes.
  return derive(text.normalize('NFKC'), salt, bytes, { ...wanted, maxmem: 256 * wanted.N * wanted.r })
}

/** Of the same cost as a real one; no text is behind it. */
function nobody(cost: number): string {
  return `scrypt$${2 ** cost}$${r}$${p}$${'A'.repeat(22)}$${'A'.repeat(43)}`
}

/** A password to be told once: 20 characters, 100 bits. */
export function newPassword(world: Pick<World, 'bytes'>): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789ABC'
  const drawn = Array.from(world.bytes(20), (byte) => letters[byte % 32])
  return [0, 5, 10, 15].map((start) => drawn.slice(start, start + 5).join('')).join('-')
}
