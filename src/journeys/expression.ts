/** CEL in a journey: conditions, and the values that a step works out (`"= event.properties.value"`). */
import { Environment } from '@marcbachmann/cel-js'

/** What an expression may name. */
export interface Values {
  /** `{name, time, properties, items}`; of a step, what began the instance; of a match, the event that is looked at. */
  readonly event: Readonly<Record<string, unknown>> | null
  /** What began the instance, also where `event` is another one that it waits for; null where nothing has begun yet. */
  readonly began: Readonly<Record<string, unknown>> | null
  readonly customer: Readonly<Record<string, unknown>>
  /** By step what came of it. */
  readonly data: Readonly<Record<string, unknown>>
  readonly now: number
}

export interface Expression {
  readonly text: string
  /** What of `customer` it names; so that nothing is read for what is not asked. */
  readonly asksCustomer: boolean
  /** @throws where something is missing or of another type */
  evaluate(values: Values): unknown
}

const environment = new Environment({
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 2000, maxDepth: 60 },
})
for (const name of ['event', 'began', 'customer', 'data']) environment.registerVariable(name, 'map')
environment.registerVariable('now', 'google.protobuf.Timestamp')

export type Compiled = { readonly expression: Expression } | { readonly trouble: string }

/** `wanted` `bool` = a condition. */
export function compileExpression(text: string, wanted: 'bool' | 'any'): Compiled {
  try {
    const parsed = environment.parse(text)
    const checked = parsed.check()
    if (!checked.valid) return { trouble: sentence(checked.error) }
    if (wanted === 'bool' && checked.type !== 'bool' && checked.type !== 'dyn')
      return { trouble: `It gives ${checked.type}; expected a condition that is true or false.` }
    return {
      expression: {
        text,
        asksCustomer: /\bcustomer\b/.test(text),
        evaluate: ({ event, began, customer, data, now }) =>
          plain(parsed({ event: event ?? {}, began: began ?? {}, customer, data, now: new Date(now) })),
      },
    }
  } catch (error) {
    return { trouble: sentence(error) }
  }
}

/** True only where it says so: what is missing makes no condition hold. */
export function holds(condition: Expression | undefined, values: Values): boolean {
  if (condition === undefined) return true
  try {
    return condition.evaluate(values) === true
  } catch {
    return false
  }
}

/** CEL's own types as JSON has them. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [String(key), plain(one)]))
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
  return value
}

/** The first line: what follows draws the place. */
function sentence(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).split('\n')[0].trim()
  return text.endsWith('.') ? text : `${text}.`
}
