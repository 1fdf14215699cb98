/** `kill -9` of a `habitue start` that is being sent events, again and again. */
import { setTimeout } from 'node:timers/promises'
import { expect } from 'vitest'
import type { StorageConfig } from '../../src/config.ts'
import { seededRandom } from '../../src/world.ts'
import { type Server, startServer } from '../cli/command.ts'
import { storedMessages, Traffic, verifyReplay } from './traffic.ts'

/** In each of `rounds` the server is killed after 30 to 400 ms of traffic, started again, and asked what it knows. */
export async function killRounds(place: StorageConfig, rounds: number, seed: number): Promise<void> {
  const random = seededRandom(seed)
  const traffic = new Traffic(seed)
  let server: Server = await startServer(place)
  const { adminKey } = server
  try {
    for (let round = 0; round < rounds; round++) {
      const sending = traffic.send(server)
      await setTimeout(30 + 370 * random())
      await server.end('SIGKILL')
      await sending.stop()
      server = await startServer(place, { adminKey })
      const stored = await storedMessages(place)
      traffic.verify(stored)
      await verifyReplay(server, stored.size)
    }
    await traffic.settle(server)
    const stored = await storedMessages(place)
    traffic.verify(stored)
    expect(stored.size).toBe(traffic.acknowledged)
    expect(traffic.troubles).toEqual(new Set())
    await verifyReplay(server, stored.size)
  } finally {
    await server.end('SIGKILL')
  }
  expect(traffic.acknowledged).toBeGreaterThan(rounds)
}
