import { describe, expect, it } from 'vitest'
import { columnsOf, learnTraitColumns, type Traits } from './trait-columns.ts'

const customers = (count: number, of: (c: number) => Traits) => Array.from({ length: count }, (_, c) => of(c))

describe('columns of traits', () => {
  it('takes values that enough customers share, and none that hardly anybody has', () => {
    const columns = learnTraitColumns(
      customers(40, (c) => ({ plan: c % 2 ? 'office' : 'home', name: `Kim${'abc'[c] ?? 'd'.repeat(c)}` })),
    )
    expect(columns.size).toBe(2)
    expect(columnsOf(columns, { plan: 'home' })).toEqual([0])
    expect(columnsOf(columns, { plan: 'office', name: 'Kimdd' })).toEqual([1])
    expect(columnsOf(columns, { plan: 'never seen' })).toEqual([])
    expect(columnsOf(columns, { plan: null, other: 'home' })).toEqual([])
  })

  it('cuts a number of many values into bins of equally many customers, text or not', () => {
    const columns = learnTraitColumns(customers(800, (c) => ({ income: c % 2 ? c : String(c) })))
    expect(columns.size).toBe(8)
    const bins = [-5, 0, 99, 100, 450, 799, 10_000].map((income) => columnsOf(columns, { income }))
    expect(bins).toEqual([[0], [0], [0], [1], [4], [7], [7]])
    expect(columnsOf(columns, { income: 'unknown' })).toEqual([])
  })

  it('takes a number of few values, and yes and no, by value', () => {
    const columns = learnTraitColumns(customers(60, (c) => ({ age: [18, 25, 56][c % 3], member: c % 2 === 0 })))
    expect(columns.size).toBe(5)
    expect(columnsOf(columns, { age: '25', member: true })).toEqual(columnsOf(columns, { age: 25, member: 'true' }))
  })

  it('takes postal codes that hardly anybody shares by their first characters', () => {
    const columns = learnTraitColumns(customers(400, (c) => ({ zip: `${'AB'[c % 2]}${c % 4}X ${1000 + c}` })))
    expect(columns.size).toBe(4)
    expect(columnsOf(columns, { zip: 'A2X 9999' })).toHaveLength(1)
    expect(columnsOf(columns, { zip: 'C2X 9999' })).toEqual([])
  })

  it('leaves out what everybody says', () => {
    expect(learnTraitColumns(customers(40, () => ({ plan: 'gold' }))).size).toBe(0)
    expect(learnTraitColumns(customers(40, (c) => (c % 2 ? { plan: 'gold' } : {}))).size).toBe(1)
  })

  it('does not depend on the order of customers', () => {
    const some = customers(100, (c) => ({ a: `v${c % 7}`, b: c }))
    expect(learnTraitColumns(some.toReversed())).toEqual(learnTraitColumns(some))
  })
})
