/** For trying things out: mail goes into a folder, a file (.eml) each, instead of to a mail server. */
import { mkdirSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HabitueError } from '../../errors.ts'
import type { World } from '../../world.ts'
import type { SmtpPool } from './smtp-pool.ts'

/** `file:` and a path, absolute or not. @throws HabitueError invalid_config where it is no folder that can be written to */
export function mailFolder(url: string, world: World): SmtpPool {
  const folder = url.startsWith('file://') ? fileURLToPath(url) : url.slice('file:'.length)
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    const message = `The setting messages.smtpUrl: ${(cause as Error).message}; expected file: and a folder for mail.`
    throw new HabitueError('invalid_config', message, { name: 'messages.smtpUrl' }, { cause })
  }
  return {
    acquire: async () => ({
      async send({ to }, message, attempt) {
        if (!attempt.holds()) return { kind: 'not_sent', reason: 'the right to send it had ended' }
        const time = new Date(world.now()).toISOString().replaceAll(':', '-')
        const name = `${time} ${to.replace(/[^\w.@+-]/g, '_')} ${world.uuid().slice(0, 8)}.eml`
        try {
          // Under its name only once it is whole.
          await writeFile(join(folder, `.${name}`), message)
          await rename(join(folder, `.${name}`), join(folder, name))
        } catch (error) {
          return { kind: 'not_sent', reason: (error as Error).message }
        }
        return { kind: 'sent', response: `written to ${name}` }
      },
      release() {},
    }),
    close: async () => {},
  }
}
