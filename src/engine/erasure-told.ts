/**
 * Other programs that were told of a customer by a webhook are told that he was erased, so that they forget him too: for a
 * week, until they have answered (consent/erasure-notices.ts).
 */
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { type DueNotice, isAnyNoticeDue, type SealedNotice } from '../consent/erasure-notices.ts'
import type { Database } from '../db/database.ts'
import { openText, sealText } from '../db/sealed-text.ts'
import { secretKey } from '../db/secret.ts'
import type { RightsApi } from '../engine-api/rights.ts'
import type { Identifier } from '../identity/identity.ts'
import { identifiersOf, resolve } from '../identity/store.ts'
import { backoff } from '../messages/backoff.ts'
import type { Hooks } from '../messages/channels/webhook.ts'
import type { DueWork } from '../messages/messenger.ts'
import { receiversOf } from '../messages/receivers.ts'
import { wasHanded } from '../reorders/store.ts'
import type { World } from '../world.ts'

export interface ErasureToldNeeds {
  readonly config: Pick<Config, 'orders'>
  readonly db: Database
  readonly hooks: Hooks
  readonly log: Logger
  readonly world: World
}

const longestMs = 7 * 24 * 60 * 60_000
const atOnce = 20
const keyOf = (db: Database) => secretKey(db, 'erasure notice')

/** Whoever knew him is written down in the transaction that erases him. */
export function tellingOfErasure(rights: RightsApi, needs: ErasureToldNeeds): RightsApi {
  return {
    ...rights,
    erase: async (who, options) => rights.erase(who, { ...options, notices: await noticesFor(needs, who) }),
  }
}

async function noticesFor({ db, config, world }: ErasureToldNeeds, who: Identifier): Promise<SealedNotice[]> {
  const identity = await resolve(db, who)
  if (!identity) return []
  const receivers = await receiversOf(db, identity.identifiers)
  const { webhook } = config.orders
  const isHanded = webhook !== null && (await wasHanded(db, identity.identifiers))
  const addresses = isHanded ? [...new Set([...receivers, webhook])] : receivers
  if (addresses.length === 0) return []
  const names = (await identifiersOf(db, identity)).map(({ kind, value }) => ({ kind, value }))
  const key = await keyOf(db)
  return addresses.map((url) => ({ url, sealed: sealText(key, JSON.stringify(names), world.bytes(12)) }))
}

export function erasureNoticeWork(needs: ErasureToldNeeds): DueWork {
  const { db } = needs
  return {
    name: 'erasure notices',
    async settle(now) {
      if (!(await isAnyNoticeDue(db, now))) return { done: 0, next: null }
      const due = await db.write<DueNotice[]>('consent.claimNotices', { now, limit: atOnce })
      await Promise.all(due.map((notice) => tell(needs, notice, now)))
      return { done: due.length, next: due.length < atOnce ? null : now }
    },
  }
}

async function tell({ db, hooks, log, world }: ErasureToldNeeds, notice: DueNotice, now: number): Promise<void> {
  const { id, url, sealed, created, tries } = notice
  const [erasure] = id.split(':')
  const names = openText(await keyOf(db), sealed)
  const isTold = names !== null && (await heard(hooks, url, erasure, names))
  const next = now + backoff(tries, world.random())
  const isOver = names === null || isTold === 'refused' || next - created > longestMs
  if (isTold !== true && isOver) {
    const about = { erasure, host: URL.parse(url)?.host }
    log.error(about, 'another program could not be told of an erasure: tell it by hand')
  }
  await db.write('consent.settleNotice', { id, due: isTold === true || isOver ? null : next })
}

async function heard(hooks: Hooks, url: string, erasure: string, names: string): Promise<boolean | 'refused'> {
  const body = JSON.stringify({ event: 'erasure', erasure, names: JSON.parse(names) })
  const hook = { url, key: `erasure:${erasure}`, kind: 'erasure', body }
  const delivery = await hooks.post(hook, async () => ({ holds: () => true }))
  if (delivery === 'taken' || delivery.kind === 'sent') return true
  return delivery.kind === 'refused' ? 'refused' : false
}
