/** SIGTERM while events are being sent. */
import { setTimeout } from 'node:timers/promises'
import { expect } from 'vitest'
import type { StorageConfig } from '../../src/config.ts'
import { type Server, startServer } from '../cli/command.ts'
import { storedMessages, Traffic, verifyReplay } from './traffic.ts'

/** The server ends by itself with 0, what it acknowledged is stored, and a successor goes on; `rounds` times. */
export async function shutdownRounds(place: StorageConfig, rounds: number, seed: number): Promise<void> {
  const traffic = new Traffic(seed)
  let server: Server = await startServer(place)
  const { adminKey } = server
  try {
    for (let round = 0; round < rounds; round++) {
      const sending = traffic.send(server)
      await setTimeout(200 + 50 * round)
      expect(await server.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' })
      await sending.stop()
      traffic.verify(await storedMessages(place))
      server = await startServer(place, { adminKey })
    }
    await traffic.settle(server)
    await verifyReplay(server, traffic.acknowledged)
  } finally {
    await server.end('SIGTERM')
  }
  // A server that is going tells senders to come again; it never tells them to throw anything away.
  for (const trouble of traffic.troubles) expect(trouble).toMatch(/^503 /)
  expect(traffic.acknowledged).toBeGreaterThan(rounds)
}
