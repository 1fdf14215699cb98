import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { simulatedWorld, systemWorld } from '../world.ts'
import { verifyCustomerToken } from './customer-token.ts'
import { hashKey, newKeyId, newKeyText } from './key.ts'
import type { KeyRing } from './key-ring.ts'

const guide = readFileSync(join(import.meta.dirname, '../../docs/keys.md'), 'utf8')
const recipe = (name: string) => guide.split(`recipe-${name}\n`)[1].split('\n```')[0]

/** How each language runs a recipe and prints a token for the customer `Zoë 42`. */
const languages: Record<string, { command: string; args: (code: string) => string[] }> = {
  node: {
    command: process.execPath,
    args: (code) => ['--input-type=module', '-e', `${code}\nprocess.stdout.write(customerToken('Zoë 42'))`],
  },
  python: { command: 'python3', args: (code) => ['-c', `${code}\nprint(customer_token("Zoë 42"), end="")`] },
  php: { command: 'php', args: (code) => ['-r', `${code.replace('<?php', '')}\necho customer_token('Zoë 42');`] },
  ruby: { command: 'ruby', args: (code) => ['-e', `${code}\nprint customer_token('Zoë 42')`] },
}

describe('recipes for customer tokens', () => {
  for (const [name, { command, args }] of Object.entries(languages)) {
    const absent = spawnSync(command, ['--version']).status !== 0
    it.skipIf(absent)(`in ${name}${absent ? ' (not on this machine)' : ''} make one that is good`, async () => {
      const world = simulatedWorld(7)
      const id = newKeyId(world)
      const key = newKeyText(world, 'server', id)
      const env = { PATH: process.env.PATH, HABITUE_SERVER_KEY: key, LANG: 'C.UTF-8', PYTHONUTF8: '1' }
      const { stdout, stderr } = spawnSync(command, args(recipe(name)), { env, encoding: 'utf8' })
      expect(stderr).toBe('')
      const ring = { signingSecrets: async (of: string) => (of === id ? [hashKey(key)] : []) } as Partial<KeyRing>
      const token = await verifyCustomerToken(stdout, ring as KeyRing, systemWorld.now())
      expect(token).toMatchObject({ user: 'Zoë 42', scopes: ['track', 'read'], email: null })
    })
  }
})
