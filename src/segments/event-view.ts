import type { AdmittedEvent } from '../events/event.ts'
import { returnReason } from '../memory/return-reasons.ts'

const returns: readonly string[] = ['Product Returned', 'Order Refunded', 'Order Cancelled']

/** An event as conditions see it; `name` is empty for one that is no track. */
export function eventView({
  name,
  type,
  time,
  properties,
  context = {},
}: Pick<AdmittedEvent, 'name' | 'type' | 'time' | 'properties'> & Partial<Pick<AdmittedEvent, 'context'>>): Readonly<
  Record<string, unknown>
> {
  const amount = properties.value ?? properties.total ?? properties.revenue
  const value = typeof amount === 'number' ? amount : null
  const given = typeof properties.reason === 'string' ? properties.reason : null
  const reason = returns.includes(name) ? returnReason(given) : null
  return { name: name === '' ? type : name, type, time, value, returnReason: reason, properties, context }
}
