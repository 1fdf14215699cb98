/** What is said between the shop and the customer: the monthly letter, and preferences told. */
import { DAY, MINUTE } from './calendar.ts'
import { chance, sample } from './draws.ts'
import type { Act, Life } from './life.ts'

/** A letter on the first of each month; who reads it clicks an item of the letter now and then, and a few leave it. */
export function letters(life: Life): Act[] {
  if (!life.customer.newsletter) return []
  const { start, end } = life.world.span
  const acts: Act[] = []
  let reads = true
  for (let month = 0; month < 12 * Math.ceil((end - start) / (365 * DAY)); month++) {
    const from = new Date(start)
    const day = Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + month, 1)
    const opened = chance(life.draw, 0.4 * life.world.span.pace)
    const leaves = chance(life.draw, 0.015 * life.world.span.pace)
    const hour = 7 + 14 * life.draw()
    if (!reads || !(opened || leaves)) continue
    reads = !leaves
    acts.push({
      at: life.instant(day, hour),
      run: (at) => read(life, at, `letter-${new Date(day).toISOString().slice(0, 7)}`, leaves),
    })
  }
  return acts
}

function read(life: Life, at: number, campaign: string, leaves: boolean): void {
  const properties = { campaign_id: campaign, email_id: `${campaign}-${life.customer.id}` }
  life.journal.track(at, 'Email Opened', properties)
  if (leaves) life.journal.track(at + MINUTE, 'Unsubscribed', properties)
  else if (chance(life.draw, 0.2)) {
    const [product] = sample(life.draw, life.world.assortment.products, 1)
    const link = { ...properties, link_url: product.item.url }
    life.journal.track(at + MINUTE, 'Email Link Clicked', link)
  }
}

export function statements(life: Life): Act[] {
  return life.customer.refusals.map(({ subject, toldAt }) => ({
    at: toldAt,
    run: (at) => void life.journal.track(at, 'Preference Told', { preference: 'never', ...subject, channel: 'web' }),
  }))
}
