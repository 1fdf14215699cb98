/**
 * `npm run redteam`: starts a Habitue on an empty data file and plays the threat model of docs/security.md against it. Each
 * finding is printed; the exit code is 1 where there is one.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { attacks } from './redteam/attacks.ts'
import { prepare } from './redteam/prepare.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-redteam-'))
const environment = {
  PATH: process.env.PATH,
  HABITUE_LEGAL_BASIS: 'contract',
  HABITUE_TRAINING_AUTOMATIC: 'false',
  HABITUE_LOG: 'debug',
}
const main = join(import.meta.dirname, '../src/cli/main.ts')
const args = [main, '--json', '--data', join(folder, 'shop.db'), 'start', '--port', '0']
const server = spawn(process.execPath, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
let [said, logged] = ['', '']
server.stdout.on('data', (bytes: Buffer) => {
  said += bytes.toString()
})
server.stderr.on('data', (bytes: Buffer) => {
  logged += bytes.toString()
})

try {
  const url = await until(/"url":"([^"]+)"/)
  const target = await prepare(url, await until(/"adminKey":"([^"]+)"/), () => logged)
  let findings = 0
  for (const { name, run } of attacks) {
    const found = await run(target)
    findings += found.length
    process.stdout.write(`${found.length === 0 ? 'held ' : 'FOUND'}  ${name}\n`)
    for (const one of found) process.stdout.write(`         ${one}\n`)
  }
  process.stdout.write(`${attacks.length} attacks, ${findings} findings.\n`)
  process.exitCode = findings === 0 ? 0 : 1
} finally {
  server.kill('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
}

/** Waits for the server to say it. */
async function until(pattern: RegExp): Promise<string> {
  for (let i = 0; i < 600; i++) {
    const match = pattern.exec(said)
    if (match) return match[1]
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`The server did not start:\n${said}\n${logged}`)
}
