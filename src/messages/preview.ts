/** What a message would say, without anything being sent, counted or kept. */
import { HabitueError } from '../errors.ts'
import type { Identifier } from '../identity/identity.ts'
import { identifiersOf, resolve } from '../identity/store.ts'
import { offeredItems } from './offered.ts'
import type { PrepareNeeds } from './prepare.ts'
import { shopOf } from './prepare.ts'
import { firstName, recipientOf } from './recipient.ts'
import type { Rendered, Renderer } from './render.ts'
import type { StoredTemplate } from './template-store.ts'
import { type Speaker, viewOf } from './view.ts'

export interface Previewed {
  readonly stored: StoredTemplate
  /** For whom; null = somebody of whom nothing is known. */
  readonly who: Identifier | null
  readonly language: string | null
  readonly data: Readonly<Record<string, unknown>>
}

/** @throws HabitueError not_found, consent_refused, template_failed */
export async function preview(needs: PrepareNeeds, renderer: Renderer, asked: Previewed): Promise<Rendered> {
  const { db, policy, world, config } = needs
  const { stored, who, data } = asked
  const now = world.now()
  const identity = who && (await resolve(db, who))
  if (who && !identity)
    throw new HabitueError('not_found', `Nobody is known by the ${who.kind} ${JSON.stringify(who.value)}.`)
  const known = identity
    ? await recipientOf(db, policy, {
        customer: identity.customer,
        purpose: 'service',
        channel: stored.template.channel,
        now,
      })
    : null
  if (known && 'reason' in known) throw new HabitueError('consent_refused', known.reason)
  const language = asked.language ?? known?.language ?? 'en'
  const named = identity ? firstName(await identifiersOf(db, identity)) : { kind: 'anonymous', value: 'preview' }
  const quiet: PrepareNeeds['decide'] = (request) =>
    needs.decide({ ...request, customer: identity ? request.customer : null, log: false })
  const offer = { who: named, permit: known?.permit ?? null, wanted: stored.template.items, data, language, now }
  const offered = await offeredItems({ reader: db, catalogue: needs.catalogue, decide: quiet }, offer)
  const shop = shopOf(config)
  const speaker: Speaker = { person: null, name: shop.name, address: '', signature: shop.name }
  const nobody = { traits: {}, language, permit: { ceiling: 'known' } }
  const recipient = (known ? { ...known, language } : nobody) as Parameters<typeof viewOf>[0]['recipient']
  const links = { unsubscribe: '', page: '' }
  return renderer.render(stored, language, viewOf({ recipient, speaker, shop, offered, links, data }))
}
