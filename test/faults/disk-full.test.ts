/** A disk that is full while Habitue serves. A small file system of the child's own, where the machine allows one. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { followed, type Server, startServer } from '../cli/command.ts'
import { Traffic, verifyReplay } from './traffic.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'habitue-full-'))
const environment = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  HABITUE_LEGAL_BASIS: 'contract',
  HABITUE_LOG: 'fatal',
}
const mount = `mount -t tmpfs -o size=24m tmpfs ${folder}`
const mayMount = spawnSync('unshare', ['-rm', 'sh', '-c', mount]).status === 0

/** @param before shell commands that limit what the process after them may write */
function limited(before: string, how: readonly string[]): Promise<Server> {
  const [command, ...rest] = [...how, 'sh', '-c', `${before} && exec "$@"`, 'sh']
  const start = (args: readonly string[]) => {
    const own = [process.execPath, main, '--data', join(folder, 'shop.db'), ...args]
    return followed(spawn(command, [...rest, ...own], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] }))
  }
  return startServer(null, { start })
}

async function fillUntilRefused(server: Server, traffic: Traffic, code: string): Promise<void> {
  const sending = traffic.send(server)
  await expect.poll(() => [...traffic.troubles], { timeout: 120_000 }).toContain(`503 ${code}`)
  await sending.stop()
  // Never an answer on which an SDK throws events away.
  expect([...traffic.troubles]).toEqual([`503 ${code}`])
}

describe('a full disk', () => {
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.skipIf(!mayMount)(
    'is answered with 503 storage_full, stores nothing by halves, and is over when there is room',
    async () => {
      const server = await limited(mount, ['unshare', '-rm'])
      const inside = `/proc/${server.started.process.pid}/root${folder}`
      writeFileSync(join(inside, 'ballast'), Buffer.alloc(18 * 1024 * 1024))
      const traffic = new Traffic(21)
      try {
        await fillUntilRefused(server, traffic, 'storage_full')
        const track = { userId: 'c1', event: 'Product Viewed', properties: { product_id: 'item-1' }, messageId: 'one' }
        const refused = await server.ask('POST', '/v1/track', track)
        expect(refused).toMatchObject({ status: 503, body: { error: { code: 'storage_full' } } })
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
        // What is known is still told.
        const known = await server.ask('POST', '/v1/recommendations', { customer: 'c1', placement: 'popular' })
        expect(known.status).toBe(200)
        const report = await server.ask('GET', '/v1/doctor')
        expect(report.body.healthy).toBe(false)
        expect(JSON.stringify(report.body.findings)).toContain('left on the disk')
        expect(report.body.events.stored).toBeGreaterThanOrEqual(traffic.acknowledged)

        rmSync(join(inside, 'ballast'))
        await traffic.settle(server)
        expect((await server.ask('POST', '/v1/track', track)).status).toBe(200)
        await verifyReplay(server, traffic.acknowledged + 1)
      } finally {
        expect(await server.end('SIGTERM')).toMatchObject({ code: 0 })
      }
    },
  )

  it('is 503 too where a limit of the process stops it from writing', async () => {
    // 6 MB a file (in blocks of 512 bytes); what the shell ignores, its successor ignores.
    const server = await limited("trap '' XFSZ; ulimit -S -f 12000", [])
    const traffic = new Traffic(22)
    try {
      await fillUntilRefused(server, traffic, 'storage_unavailable')
      const { pid } = server.started.process
      const raised = spawnSync('prlimit', ['--pid', String(pid), '--fsize=unlimited:unlimited'])
      if (raised.status !== 0) return
      await traffic.settle(server)
      await verifyReplay(server, traffic.acknowledged)
    } finally {
      expect(await server.end('SIGTERM')).toMatchObject({ code: 0 })
    }
  })
})
