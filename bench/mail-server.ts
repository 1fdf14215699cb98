/** The mail server of a benchmark, in a process of its own. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Taken } from './mail-server-process.ts'
import { endsWithUs } from './server.ts'

export interface Post {
  readonly url: string
  readonly pid: number
  /** What it took since it was last asked. */
  taken(): Promise<Taken[]>
  stop(): void
}

export async function startPost(): Promise<Post> {
  const child = endsWithUs(fork(join(import.meta.dirname, 'mail-server-process.ts')))
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return {
    url: `smtp://127.0.0.1:${port}`,
    pid: child.pid as number,
    async taken() {
      const answer = once(child, 'message')
      child.send('taken')
      return (await answer)[0] as Taken[]
    },
    stop: () => child.kill(),
  }
}
