import { setTimeout } from 'node:timers/promises'
import type { Command } from 'commander'
import { HabitueError } from '../errors.ts'
import type { Connection } from './connection.ts'
import { interruptible } from './interruption.ts'
import { described, type ModelView } from './models.ts'
import type { Output } from './output.ts'
import { connected, optionsOf } from './surroundings.ts'

interface Status {
  readonly running: boolean
  readonly done?: number
  readonly total?: number
  readonly note?: string
  readonly last?: ModelView
}

/** `habitue train` */
export function trainCommand(program: Command): void {
  program
    .command('train')
    .description('Learn from everything remembered so far; the new model serves as soon as it is ready.')
    .action((_: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const model = await trained(connection, out)
        out.result(model, () => described(model))
      }),
    )
}

/** Trains and waits. @throws HabitueError training_failed */
export async function trained(connection: Connection, out: Output): Promise<ModelView> {
  const signal = interruptible()
  const bar = out.progress('training')
  let status = await begun(connection, out, signal)
  while (status.running) {
    if (signal.aborted) {
      await connection.request('DELETE', '/v1/training')
      bar.stop()
      out.say('The training was cancelled; the old model still serves.')
      throw signal.reason
    }
    bar.set(status.done ?? 0, status.total ?? 1, status.note ?? '')
    await setTimeout(200)
    status = (await connection.request('GET', '/v1/training')) as Status
  }
  bar.set(1, 1, 'done')
  bar.stop()
  const model = status.last
  if (model?.state !== 'ready') {
    const error = model?.report?.error as { message?: string } | undefined
    throw new HabitueError('training_failed', error?.message ?? 'The training failed.')
  }
  return model
}

/** Begins a training; where one is under way (the engine trains by itself too), as soon as that is done. */
async function begun(connection: Connection, out: Output, signal: AbortSignal): Promise<Status> {
  for (let told = false; ; told = true) {
    try {
      return (await connection.request('POST', '/v1/training', {})) as Status
    } catch (error) {
      if (!(error instanceof HabitueError && error.code === 'training_running')) throw error
      if (!told) out.say('A training is under way; this one begins when it is done.')
      await setTimeout(500, undefined, { signal })
    }
  }
}
