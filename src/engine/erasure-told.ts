/**
 * Other programs that were told of a customer by a webhook are told that he was erased, so that they forget him too. Who he
 * was is kept nowhere for that: it is held in memory until they have answered, and lost where the process ends before.
 */
import { setTimeout } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import type { RightsApi } from '../engine-api/rights.ts'
import type { Identifier } from '../identity/identity.ts'
import { identifiersOf, resolve } from '../identity/store.ts'
import type { Hooks } from '../messages/channels/webhook.ts'
import { receiversOf } from '../messages/receivers.ts'
import { wasHanded } from '../reorders/store.ts'

export interface ErasureToldNeeds {
  readonly config: Pick<Config, 'orders'>
  readonly db: Database
  readonly hooks: Hooks
  readonly log: Logger
}

/** Waits before each try, milliseconds. */
const waits = [0, 5_000, 60_000, 600_000]

export function tellingOfErasure(rights: RightsApi, needs: ErasureToldNeeds): RightsApi {
  return {
    ...rights,
    async erase(who, options) {
      const { addresses, names } = await whoWasTold(needs, who)
      const receipt = await rights.erase(who, options)
      if (receipt) for (const url of addresses) void told(needs, url, receipt.id, names)
      return receipt
    },
  }
}

async function whoWasTold(
  { db, config }: ErasureToldNeeds,
  who: Identifier,
): Promise<{ addresses: string[]; names: Identifier[] }> {
  const identity = await resolve(db, who)
  if (!identity) return { addresses: [], names: [] }
  const names = (await identifiersOf(db, identity)).map(({ kind, value }) => ({ kind, value }))
  const addresses = await receiversOf(db, identity.identifiers)
  const { webhook } = config.orders
  const isHanded = webhook !== null && (await wasHanded(db, identity.identifiers))
  return { addresses: isHanded ? [...new Set([...addresses, webhook])] : addresses, names }
}

async function told(
  { hooks, log }: Pick<ErasureToldNeeds, 'hooks' | 'log'>,
  url: string,
  erasure: string,
  names: readonly Identifier[],
): Promise<void> {
  const hook = {
    url,
    key: `erasure:${erasure}`,
    kind: 'erasure',
    body: JSON.stringify({ event: 'erasure', erasure, names }),
  }
  for (const wait of waits) {
    if (wait > 0) await setTimeout(wait, undefined, { ref: false })
    const delivery = await hooks.post(hook, async () => ({ holds: () => true }))
    if (delivery === 'taken' || delivery.kind === 'sent') return
    if (delivery.kind === 'refused') break
  }
  log.error({ erasure, host: URL.parse(url)?.host }, 'another program could not be told of an erasure: tell it by hand')
}
