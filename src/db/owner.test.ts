import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { acquireOwner, readOwner } from './owner.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-owner-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const info = { pid: process.pid, url: 'http://127.0.0.1:4040', token: 'secret' }

/** Another process that owns `file` until it is killed. */
async function ownerProcess(file: string) {
  const module = new URL('./owner.ts', import.meta.url).href
  const code = `
    const { acquireOwner } = await import(${JSON.stringify(module)})
    acquireOwner(${JSON.stringify(file)}, { pid: process.pid, url: 'http://127.0.0.1:1', token: 't' })
    console.log('owned')
    setInterval(() => globalThis.gc(), 10)`
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

describe('the owner of a data file', () => {
  it('is one at a time, and says who', () => {
    const file = join(folder, 'one.db')
    expect(readOwner(file)).toBe(null)
    const owner = acquireOwner(file, { ...info, url: null })
    expect(() => acquireOwner(file, info)).toThrow(expect.objectContaining({ code: 'database_locked' }))
    owner.announce(info)
    expect(readOwner(file)).toEqual(info)
    expect(() => acquireOwner(file, info)).toThrow(`process ${process.pid} at http://127.0.0.1:4040`)
    expect(statSync(`${file}-owner`).mode & 0o777).toBe(0o600)
    owner.release()
    owner.release()
    expect(readOwner(file)).toBe(null)
    expect(existsSync(`${file}-owner`)).toBe(false)
    acquireOwner(file, info).release()
  })

  it('is the same by every way to the file', () => {
    mkdirSync(join(folder, 'real'))
    symlinkSync(join(folder, 'real'), join(folder, 'link'))
    const owner = acquireOwner(join(folder, 'real', 'a.db'), info)
    expect(readOwner(join(folder, 'link', 'a.db'))).toEqual(info)
    expect(() => acquireOwner(join(folder, 'link', 'a.db'), info)).toThrow()
    owner.release()
  })

  it('holds against other processes, and ends with its process however that dies', async () => {
    const file = join(folder, 'killed.db')
    const child = await ownerProcess(file)
    try {
      expect(readOwner(file)).toEqual({ pid: child.pid, url: 'http://127.0.0.1:1', token: 't' })
      await setTimeout(50)
      expect(() => acquireOwner(file, info)).toThrow(
        expect.objectContaining({ details: { file, pid: child.pid, url: 'http://127.0.0.1:1' } }),
      )
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    expect(readOwner(file)).toBe(null)
    const owner = acquireOwner(file, info)
    expect(readOwner(file)).toEqual(info)
    owner.release()
  })

  it('cannot be where there is no folder', () => {
    expect(() => acquireOwner(join(folder, 'absent', 'a.db'), info)).toThrow()
  })
})
