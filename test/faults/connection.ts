/** PostgreSQL goes away while Habitue serves, and comes back. */
import pg from 'pg'
import { expect, inject } from 'vitest'
import type { StorageConfig } from '../../src/config.ts'
import { startServer } from '../cli/command.ts'
import { storedMessages, Traffic, verifyReplay } from './traffic.ts'

/** Connections break `cuts` times in the midst of traffic, then none are had for a while: 503 and never 400, nothing by halves. */
export async function loseConnections(place: StorageConfig, cuts: number, seed: number): Promise<void> {
  const name = new URL(place.databaseUrl as string).pathname.slice(1)
  const server = await startServer(place, { environment: { HABITUE_LOG: 'fatal' } })
  const operator = new pg.Client({ connectionString: inject('postgresUrl') })
  await operator.connect()
  const cut = () => operator.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
  const traffic = new Traffic(seed)
  try {
    let sending = traffic.send(server)
    for (let round = 0; round < cuts; round++) {
      await new Promise((resolve) => setTimeout(resolve, 300))
      // Connections break in the middle of transactions; new ones are had at once.
      await cut()
    }
    await operator.query(`alter database ${name} allow_connections false`)
    await cut()
    await expect.poll(async () => (await server.ask('GET', '/health/ready')).status, { timeout: 30_000 }).toBe(503)
    const track = { userId: 'c1', event: 'Product Viewed', properties: { product_id: 'item-1' }, messageId: 'one' }
    const refused = await server.ask('POST', '/v1/track', track)
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'storage_unavailable' } } })
    const blind = await server.ask('POST', '/v1/recommendations', { customer: 'c1', placement: 'home' })
    expect(blind).toMatchObject({ status: 503, body: { error: { code: 'storage_unavailable' } } })
    expect((await server.ask('GET', '/health/live')).status).toBe(200)
    await sending.stop()
    expect([...traffic.troubles]).toEqual(['503 storage_unavailable'])

    await operator.query(`alter database ${name} allow_connections true`)
    await expect.poll(async () => (await server.ask('GET', '/health/ready')).status, { timeout: 30_000 }).toBe(200)
    traffic.verify(await storedMessages(place))
    sending = traffic.send(server)
    await new Promise((resolve) => setTimeout(resolve, 500))
    await sending.stop()
    await traffic.settle(server)
    const stored = await storedMessages(place)
    traffic.verify(stored)
    await verifyReplay(server, stored.size)
    const answer = await server.ask('POST', '/v1/recommendations', { customer: 'c1', placement: 'home' })
    expect(answer.status).toBe(200)
  } finally {
    await operator.end()
    const { code, stderr } = await server.end('SIGTERM')
    expect(code, stderr).toBe(0)
  }
}
