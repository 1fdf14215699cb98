/** The options of commands about one customer. */
export interface AboutOne {
  readonly kind: string
}

/** `/v1/customers/ID...` of a customer who is named by an identifier of this kind. */
export function customerPath(
  customer: string,
  { kind }: AboutOne,
  rest: string,
  query: Record<string, string> = {},
): string {
  const all = new URLSearchParams({ ...(kind === 'user' ? {} : { kind }), ...query })
  return `/v1/customers/${encodeURIComponent(customer)}${rest}${all.size > 0 ? `?${all}` : ''}`
}
