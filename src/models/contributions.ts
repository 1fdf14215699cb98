import type { Contribution } from './model.ts'

/** Keeps the `count` largest positive contributions that it is offered; equal ones by item. */
export function strongest(count: number) {
  const kept: Contribution[] = []
  return {
    offer(item: number, weight: number): void {
      if (!(weight > 0)) return
      if (kept.length === count && kept[count - 1]?.weight > weight) return
      let at = kept.length
      while (at > 0 && (kept[at - 1].weight < weight || (kept[at - 1].weight === weight && kept[at - 1].item > item)))
        at--
      if (at >= count) return
      kept.splice(at, 0, { item, weight })
      if (kept.length > count) kept.pop()
    },
    list: (): Contribution[] => kept,
  }
}
