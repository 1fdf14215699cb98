/** Opens the port, with a coded error where it cannot be had. */
import { HabitueError } from '../errors.ts'
import type { App } from './typed-app.ts'

/**
 * Listens at `host` and `port` (0 = any that is free) and returns the address as a URL.
 * @throws HabitueError port_in_use, invalid_config
 */
export async function listen(app: App, { host, port }: { host: string; port: number }): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      throw new HabitueError(
        'port_in_use',
        `Another process listens on port ${port} of ${host}.`,
        { host, port },
        { cause },
      )
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new HabitueError(
        'invalid_config',
        `Nothing can listen on port ${port} of ${host}: ${code}.`,
        { host, port },
        { cause },
      )
    }
    throw cause
  }
}
