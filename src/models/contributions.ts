import type { Contribution } from './model.ts'

/** Keeps the `count` largest positive contributions that it is offered; equal ones by item. */
export function strongest(count: number) {
  // Numbers side by side, objects at the end: most of what is offered is pushed out again.
  const items: number[] = []
  const weights: number[] = []
  return {
    offer(item: number, weight: number): void {
      if (!(weight > 0)) return
      let at = weights.length
      if (at === count) {
        at--
        if (at < 0 || weights[at] > weight || (weights[at] === weight && items[at] < item)) return
      }
      while (at > 0 && (weights[at - 1] < weight || (weights[at - 1] === weight && items[at - 1] > item))) {
        items[at] = items[at - 1]
        weights[at] = weights[at - 1]
        at--
      }
      items[at] = item
      weights[at] = weight
    },
    list: (): Contribution[] => items.map((item, k) => ({ item, weight: weights[k] })),
  }
}
