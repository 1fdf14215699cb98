/** What an order keeps of the context in which it was placed: what a preference may depend on, and nothing that tells who. */

/** Names and what they were then: `temperature` 4.5, `device` "mobile"; `timezone` gives the hour when it is read. */
export type OrderContext = Readonly<Record<string, number | string>>

const longest = 60
const most = 10
/** Scalars of an event's context that are kept under their own name. */
const kept = ['timezone', 'device', 'occasion', 'place'] as const

/** The context of an order from that of its event (reduced at the door); null where there is nothing of use. */
export function orderContext(context: Readonly<Record<string, unknown>>): OrderContext | null {
  const found: Record<string, number | string> = {}
  const keep = (name: string, value: unknown): void => {
    if (Object.keys(found).length >= most) return
    if (typeof value === 'number' ? Number.isFinite(value) : typeof value === 'string' && value !== '')
      found[name] = typeof value === 'string' ? value.slice(0, longest).toWellFormed() : (value as number)
  }
  for (const name of kept) keep(name, context[name])
  const { weather, location } = context
  if (isFields(location) && found.place === undefined) keep('place', location.city)
  if (!isFields(weather)) keep('weather', weather)
  else for (const [name, value] of Object.entries(weather)) if (/^\w{1,30}$/.test(name)) keep(name, value)
  return Object.keys(found).length > 0 ? found : null
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
