/** Which statements a customer can correct by a form, what stands in it, and what comes back from it. */
import type { MemoryStatement } from '../../engine-api.ts'
import { fieldsOf } from './facts-english.ts'

export interface Field {
  /** Of the form. */
  readonly name: string
  readonly value: string
  /** Null = a text. */
  readonly choices: readonly string[] | null
}

type Correctable = Pick<MemoryStatement, 'kind' | 'value'>

const addressParts = ['name', 'street', 'postcode', 'city', 'region', 'country', 'note'] as const
const words: ReadonlySet<string> = new Set(['size', 'quirk', 'diet', 'language', 'attribute', 'setting'])

/** Null = it cannot be corrected here, only deleted. */
export function correctionFields({ kind, value }: Correctable): readonly Field[] | null {
  const one = (text: string, choices: readonly string[] | null = null) => [{ name: 'value', value: text, choices }]
  if (kind === 'preference') return one(String(value), ['likes', 'dislikes', 'never'])
  if (kind === 'fit') return one(String(value), ['small', 'large', 'true'])
  if (kind === 'occasion') return [{ name: 'date', value: String(fieldsOf(value).date ?? ''), choices: null }]
  if (kind === 'address') {
    const fields = fieldsOf(value)
    return addressParts.map((name) => ({ name, value: String(fields[name] ?? ''), choices: null }))
  }
  if (!words.has(kind)) return null
  if (typeof value === 'boolean') return one(value ? 'yes' : 'no', ['yes', 'no'])
  if (Array.isArray(value)) return one(value.join(', '))
  return typeof value === 'string' || typeof value === 'number' ? one(String(value)) : null
}

/** The value that the form says, in the form that the old one had; null = nothing was filled in. */
export function correctedValue(old: Correctable, form: URLSearchParams): unknown {
  const fields = correctionFields(old) ?? []
  const given = fields.flatMap(({ name }) => {
    const text = form.get(name)?.trim() ?? ''
    return text === '' ? [] : [[name, text] as const]
  })
  if (given.length === 0) return null
  if (old.kind === 'address' || old.kind === 'occasion') return Object.fromEntries(given)
  const [[, text]] = given
  if (typeof old.value === 'boolean') return text === 'yes'
  if (typeof old.value === 'number' && Number.isFinite(Number(text))) return Number(text)
  if (!Array.isArray(old.value)) return text
  return text
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)
}
