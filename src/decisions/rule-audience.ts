/**
 * Rules for some customers only. Segments are read when a rule asks for them, and are no part of the kept state: time alone
 * moves people in and out.
 */
import type { CompiledRule } from './rules.ts'

export interface Audience {
  readonly customer: number
  /** Why nothing of what is remembered is used; null = it is. */
  readonly refusal: string | null
}

/** In which segments a customer is now. */
export type SegmentsOf = (customer: number) => Promise<ReadonlySet<string>>

/** Whether any rule is for some customers only. */
export function asksSegments(rules: readonly CompiledRule[]): boolean {
  return rules.some(({ rule }) => rule.segments !== undefined)
}

/** The rules that hold for this customer; for nobody (null), and where memory may not be used, those for everybody. */
export async function rulesOf(
  rules: readonly CompiledRule[],
  customer: Audience | null,
  segmentsOf: SegmentsOf,
): Promise<readonly CompiledRule[]> {
  if (!asksSegments(rules)) return rules
  const mayAsk = customer !== null && customer.refusal === null
  const own = mayAsk ? await segmentsOf(customer.customer) : new Set<string>()
  return rules.filter(({ rule }) => rule.segments === undefined || rule.segments.some((name) => own.has(name)))
}
