/** Reading the fields of a message that may hold anything. */

export type Fields = Readonly<Record<string, unknown>>

const longestDecisionId = 100

export function isObject(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

export function objectOf(value: unknown): Fields | null {
  return isObject(value) ? value : null
}

/** The decision that an event says it followed. */
export function decisionIdOf(properties: Fields, context: Fields): string | null {
  const id = properties.decision_id ?? properties.decisionId ?? context.decisionId
  return typeof id === 'string' && id !== '' && id.length <= longestDecisionId ? id : null
}

/** What was got, short enough for a sentence. */
export function describe(value: unknown): string {
  if (value === undefined) return 'absent'
  if (Array.isArray(value)) return 'a list'
  if (value !== null && typeof value === 'object') return 'an object'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57).toWellFormed()}...` : text
}
