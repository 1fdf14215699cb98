/** What an answer says: the answers that a question allows, and the facts that one of them is. Pure. */
import type { GivenFact } from '../memory/fact.ts'

/** single, yesno, date, text: a text; multiple: a list; scale, nps, stars: a number. */
export type Answer = string | number | readonly string[]

/** What a question allows. */
export interface Answerable {
  readonly kind: string
  readonly choices?: readonly { readonly id: string }[]
  readonly other?: boolean
  readonly min?: number
  readonly max?: number
}

/** Which fact an answer is. `{answer}` in the subject stands for it. */
interface FactOfAnswer {
  readonly kind: string
  readonly subject?: string
  readonly recipient?: string
  readonly value?: unknown
  readonly values?: Readonly<Record<string, unknown>>
}

/** All that may be answered, as text; null = whatever. */
export function answerChoices({ kind, choices, other, min = 1, max = 5 }: Answerable): readonly string[] | null {
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i))
  switch (kind) {
    case 'single':
    case 'multiple':
      return [...(choices ?? []).map(({ id }) => id), ...(other ? ['other'] : [])]
    case 'nps':
      return numbers(0, 10)
    case 'scale':
      return numbers(min, max)
    case 'stars':
      return numbers(1, max)
    case 'yesno':
      return ['yes', 'no']
    default:
      return null
  }
}

/** Told by the customer; of several choices one fact each. */
export function factsOf({ fact }: { readonly fact?: FactOfAnswer }, answer: Answer): GivenFact[] {
  if (!fact) return []
  const answers = Array.isArray(answer) ? (answer as readonly string[]) : [answer as string | number]
  return answers.flatMap((one) => {
    const value = fact.values === undefined ? (fact.value ?? one) : saidBy(fact.values, String(one))
    if (value === undefined) return []
    const subject = fact.subject?.replaceAll('{answer}', String(one))
    const { kind, recipient } = fact
    return [{ kind, ...(subject ? { subject } : {}), ...(recipient ? { recipient } : {}), value, provenance: 'told' }]
  })
}

function saidBy(values: Readonly<Record<string, unknown>>, answer: string): unknown {
  return Object.hasOwn(values, answer) ? values[answer] : undefined
}
