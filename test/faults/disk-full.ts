/** A disk that is full while Habitue serves: a small file system of the child's own, or a limit to its files. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { followed, type Server, startServer } from '../cli/command.ts'
import { Traffic, verifyReplay } from './traffic.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const { PATH, HOME } = process.env
const environment = { PATH, HOME, HABITUE_LEGAL_BASIS: 'contract', HABITUE_LOG: 'fatal' }
/** A name space in which this user may mount; not every machine allows one. */
const unshared = ['unshare', '-rm']
const mountOn = (folder: string) => `mount -t tmpfs -o size=24m tmpfs ${folder}`

export const mayMount = spawnSync(unshared[0], [...unshared.slice(1), 'sh', '-c', mountOn('/tmp')]).status === 0

/** @param before shell commands that limit what the process after them may write */
function limited(folder: string, before: string, how: readonly string[]): Promise<Server> {
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

/** Full: 503 storage_full, and what is known is still told. Room again: all goes on, and nothing was stored by halves. */
export async function fullDisk(seed: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'habitue-full-'))
  const server = await limited(folder, mountOn(folder), unshared)
  const inside = `/proc/${server.started.process.pid}/root${folder}`
  writeFileSync(join(inside, 'ballast'), Buffer.alloc(18 * 1024 * 1024))
  const traffic = new Traffic(seed)
  try {
    await fillUntilRefused(server, traffic, 'storage_full')
    const known = await server.ask('POST', '/v1/recommendations', { customer: 'c1', placement: 'popular' })
    expect(known.status).toBe(200)
    const report = await server.ask('GET', '/v1/doctor')
    expect(report.body.healthy).toBe(false)
    expect(JSON.stringify(report.body.findings)).toContain('left on the disk')
    expect(report.body.events.stored).toBeGreaterThanOrEqual(traffic.acknowledged)

    rmSync(join(inside, 'ballast'))
    await traffic.settle(server)
    await verifyReplay(server, traffic.acknowledged)
  } finally {
    expect(await server.end('SIGTERM')).toMatchObject({ code: 0 })
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Any other reason for which the file cannot be written is 503 as well. */
export async function limitedFile(seed: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'habitue-limit-'))
  // 6 MB a file (in blocks of 512 bytes); what the shell ignores, its successor ignores.
  const server = await limited(folder, "trap '' XFSZ; ulimit -S -f 12000", [])
  const traffic = new Traffic(seed)
  try {
    await fillUntilRefused(server, traffic, 'storage_unavailable')
    const { pid } = server.started.process
    const raised = spawnSync('prlimit', ['--pid', String(pid), '--fsize=unlimited:unlimited'])
    if (raised.status !== 0) return
    await traffic.settle(server)
    await verifyReplay(server, traffic.acknowledged)
  } finally {
    expect(await server.end('SIGTERM')).toMatchObject({ code: 0 })
    rmSync(folder, { recursive: true, force: true })
  }
}
