/**
 * What a blend tries of each kind. An axis is an ordered list of values for one option; tuning climbs along one axis
 * after the other from `start`. `recency` is the blend's own: the power by which the history's weights fall with rank
 * from the latest entry; it needs no new fit.
 */
export interface Grid {
  readonly kind: string
  readonly start: Readonly<Record<string, number | string>>
  readonly axes: readonly { readonly name: string; readonly values: readonly (number | string)[] }[]
}

const recency = { name: 'recency', values: [0, 0.25, 0.5, 0.75, 1] }

export const grids: readonly Grid[] = [
  {
    kind: 'popularity',
    start: { halfLifeDays: 0 },
    axes: [{ name: 'halfLifeDays', values: [0, 720, 180, 45, 12] }],
  },
  {
    kind: 'ease',
    start: { recency: 0, lambda: 400, userPower: 0.5, itemPower: 0.25 },
    axes: [
      recency,
      { name: 'lambda', values: [12, 25, 50, 100, 200, 400, 800, 1600] },
      { name: 'userPower', values: [0, 0.5] },
      { name: 'itemPower', values: [0, 0.25, 0.5] },
    ],
  },
  {
    kind: 'als',
    start: { recency: 0, factors: 64, alpha0: 0.3, lambda: 0.005 },
    axes: [
      recency,
      { name: 'lambda', values: [0.001, 0.002, 0.0035, 0.005, 0.007, 0.01, 0.02, 0.04] },
      { name: 'alpha0', values: [0.03, 0.1, 0.3, 0.5, 1] },
    ],
  },
  {
    kind: 'neighbours',
    start: { recency: 0, userPower: 0.5, historyPower: 0.5, targetPower: 0.5, shrink: 1 },
    axes: [
      recency,
      { name: 'targetPower', values: [0.3, 0.5, 0.7] },
      { name: 'historyPower', values: [0.3, 0.5, 0.8] },
      { name: 'userPower', values: [0, 0.5, 1] },
    ],
  },
  {
    kind: 'transitions',
    start: { direction: 'forward', reach: 3, lagDecay: 5, targetPower: 0.3, shrink: 20 },
    axes: [
      { name: 'reach', values: [1, 1.7, 3, 6, 15, 0] },
      { name: 'direction', values: ['forward', 'both'] },
      { name: 'targetPower', values: [0.1, 0.3, 0.5, 0.7] },
      { name: 'lagDecay', values: [1.5, 5, 15] },
      { name: 'shrink', values: [2, 20, 100] },
    ],
  },
  { kind: 'content', start: { recency: 0 }, axes: [recency] },
]
