/** Journeys of benchmarks: they count, follow each other, or miss something, and wait for days. */
const triggers = [
  (n: number) => `{ event: Product Viewed, count: ${3 + (n % 5)}, within: ${1 + (n % 7)} days }`,
  (n: number) =>
    `{ event: Product Added, when: event.properties.price > ${n}, without: { event: Order Completed }, for: ${1 + (n % 3)} hours }`,
  (n: number) => `{ sequence: [{ event: Product Added }, { event: Order Completed }], within: ${10 + n} days }`,
  (n: number) => `{ event: Order Completed, count: 2, within: ${30 + n} days }`,
]

const steps = `
  - wait: { for: 1 day }
  - task: { priority: 1, reason: x }
  - wait: { event: Order Completed, atMost: 30 days }
`

/** So many, as id and source. */
export function countingJourneys(count: number): [id: string, source: string][] {
  return Array.from({ length: count }, (_, n) => [
    `bench-${n}`,
    `trigger: ${triggers[n % triggers.length](n)}\npurpose: service\nsteps:${steps}`,
  ])
}
