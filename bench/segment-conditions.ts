/** Conditions as shops write them: windows, sums, ages, traits, counted events. */
const conditions = [
  (n: number) => `orders.within('${30 + n}d').count() >= ${1 + (n % 3)}`,
  (n: number) => `orders.sum('total') > ${100 * n}`,
  (n: number) => `olderThan(customer.lastOrder, '${60 + n}d')`,
  (n: number) => `customer.traits.country == 'CH' && customer.orders > ${n % 5}`,
  (n: number) => `events.named('Product Added').within('${7 + n}d').count() >= 3`,
  (n: number) => `customer.revenue > ${50 * n} && daysSince(customer.firstOrder) > ${n}`,
]

export function conditionOf(n: number): string {
  return conditions[n % conditions.length](n)
}
