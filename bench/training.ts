/** Training through the API of a running server. */
import { setTimeout } from 'node:timers/promises'
import type { Server } from './server.ts'

export interface Trained {
  readonly seconds: number
  readonly model: { readonly version: number; readonly bytes: number; readonly report: Record<string, unknown> }
}

interface Status {
  readonly running: boolean
  readonly last?: Trained['model'] & { readonly state: string }
}

/** @throws Error where it failed */
export async function train(server: Server): Promise<Trained> {
  const started = performance.now()
  let status = await server.ask<Status>('POST', '/v1/training', {})
  while (status.running) {
    await setTimeout(50)
    status = await server.ask<Status>('GET', '/v1/training')
  }
  const seconds = (performance.now() - started) / 1000
  if (status.last?.state !== 'ready') throw new Error(`The training did not end well: ${JSON.stringify(status.last)}`)
  await serves(server)
  return { seconds, model: status.last }
}

/** A process loads the new model beside the old one, and then swaps. */
async function serves(server: Server): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { models } = await server.ask<{ models: { serving: boolean }[] }>('GET', '/v1/models')
    if (models[0]?.serving) return
    await setTimeout(100)
  }
  throw new Error('The new model does not serve')
}
