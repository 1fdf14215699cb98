/**
 * What is told of customers -> columns of 0 and 1 that a linear model can learn from. Nothing is known beforehand of what
 * a trait means: a number of many values is cut into bins that hold equally many customers, every other value that enough
 * customers share is a column, and codes that hardly anybody shares (postal codes) are taken by their first characters.
 */

/** By name; null, '' and what is absent say nothing. */
export type Traits = Readonly<Record<string, unknown>>

type Rule =
  /** Bin b holds edges[b - 1] <= value < edges[b]. */
  | { readonly name: string; readonly column: number; readonly edges: readonly number[] }
  /** Value, or its first `length` characters -> column. */
  | { readonly name: string; readonly length: number; readonly columns: Readonly<Record<string, number>> }

export interface TraitColumns {
  readonly size: number
  readonly rules: readonly Rule[]
}

/** A number with at most so many values is taken by its values. */
const FEW_VALUES = 12
const BINS = 8
/** Share of the values that must be numbers for a trait to be one. */
const NUMERIC = 0.9
/** A column needs so many customers. */
const FEWEST = 10
/** Columns cost the square of their number. */
const MOST_NAMES = 300
/** Below this share of customers in columns, codes are taken by their first characters. */
const COVERED = 0.5
const PREFIXES = [3, 2, 1] as const

export const noTraitColumns: TraitColumns = { size: 0, rules: [] }

/** One rule, or none, for each trait that occurs; by name, so that the order of customers changes nothing. */
export function learnTraitColumns(customers: readonly Traits[]): TraitColumns {
  const rules: Rule[] = []
  let size = 0
  for (const [name, texts] of mostTold(customers)) {
    // What everybody says tells nothing.
    if (texts.length === customers.length && new Set(texts).size === 1) continue
    const rule = ruleFor(name, texts, size)
    if (!rule) continue
    rules.push(rule)
    size += 'edges' in rule ? rule.edges.length + 1 : Object.keys(rule.columns).length
  }
  return { size, rules }
}

/** By name what was told, of the names that most customers tell. */
function mostTold(customers: readonly Traits[]): [string, string[]][] {
  const told = new Map<string, string[]>()
  for (const traits of customers) {
    for (const name of Object.keys(traits)) {
      const text = textOf(traits[name])
      if (text === null) continue
      const texts = told.get(name)
      if (texts) texts.push(text)
      else told.set(name, [text])
    }
  }
  const by = (a: string, b: string) => (a < b ? -1 : 1)
  const shared = [...told].filter(([, texts]) => texts.length >= FEWEST)
  shared.sort(([a, x], [b, y]) => y.length - x.length || by(a, b))
  return shared.slice(0, MOST_NAMES).sort(([a], [b]) => by(a, b))
}

/** The columns that are 1 for a customer, ascending; a value that nobody had when it was learned has none. */
export function columnsOf({ rules }: TraitColumns, traits: Traits): number[] {
  return rules.flatMap((rule) => {
    const text = textOf(traits[rule.name])
    if (text === null) return []
    if ('columns' in rule) return rule.columns[text.slice(0, rule.length)] ?? []
    const value = numberOf(text)
    if (Number.isNaN(value)) return []
    return rule.column + rule.edges.filter((edge) => value >= edge).length
  })
}

function ruleFor(name: string, texts: readonly string[], column: number): Rule | null {
  const distinct = new Set(texts)
  const numbers = texts.map(numberOf).filter((value) => !Number.isNaN(value))
  if (distinct.size > FEW_VALUES && numbers.length >= NUMERIC * texts.length) {
    numbers.sort((a, b) => a - b)
    const cuts = Array.from({ length: BINS - 1 }, (_, b) => numbers[Math.floor(((b + 1) * numbers.length) / BINS)])
    const edges = [...new Set(cuts)].filter((edge) => edge > numbers[0])
    return edges.length > 0 && numbers.length >= FEWEST ? { name, column, edges } : null
  }
  const whole = shared(texts, column, Number.MAX_SAFE_INTEGER)
  if (covered(whole, texts) || ![...distinct].some((text) => /\d/.test(text))) return ruleOf(name, whole)
  for (const length of PREFIXES) {
    const rule = shared(texts, column, length)
    if (covered(rule, texts)) return ruleOf(name, rule)
  }
  return ruleOf(name, whole)
}

type Shared = { readonly length: number; readonly columns: Record<string, number> }

/** The values, cut to `length` characters, that enough customers have. */
function shared(texts: readonly string[], column: number, length: number): Shared {
  const counts = new Map<string, number>()
  for (const text of texts) {
    const cut = text.slice(0, length)
    counts.set(cut, (counts.get(cut) ?? 0) + 1)
  }
  const values = [...counts].filter(([, count]) => count >= FEWEST).map(([value]) => value)
  return { length, columns: Object.fromEntries(values.sort().map((value, k) => [value, column + k])) }
}

function covered({ length, columns }: Shared, texts: readonly string[]): boolean {
  return texts.filter((text) => Object.hasOwn(columns, text.slice(0, length))).length >= COVERED * texts.length
}

function ruleOf(name: string, { length, columns }: Shared): Rule | null {
  return Object.keys(columns).length > 0 ? { name, length, columns } : null
}

function textOf(value: unknown): string | null {
  const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  const text = plain ? String(value).trim() : ''
  return text === '' ? null : text
}

function numberOf(text: string): number {
  return text === '' ? Number.NaN : Number(text)
}
