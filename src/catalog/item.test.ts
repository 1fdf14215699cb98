import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HabitueError } from '../errors.ts'
import { isAudience, leastAge, parseItem, parsePatch } from './item.ts'
import { fromMinorUnits, toMinorUnits } from './money.ts'
import { blankRow, mergeRow, toView } from './row.ts'
import { parseTime } from './time.ts'

function refusal(input: unknown): HabitueError {
  try {
    parseItem(input)
  } catch (error) {
    if (error instanceof HabitueError) return error
    throw error
  }
  throw new Error(`taken: ${JSON.stringify(input)}`)
}

describe('an item from outside', () => {
  it('is kept trimmed, in NFC, without repeats, with times in one form', () => {
    const item = parseItem({
      id: ' a1 ',
      title: 'Cafe\u0301 ',
      categories: ['Coffee', ' Coffee', ''].slice(0, 2),
      availableFrom: '2025-03-01',
      names: ['4006381333931', '4006381333931'],
      attributes: { roast: 'dark', arabica: true, beans: ['Kenya ', 'Brazil'] },
    })
    expect(item).toEqual({
      id: 'a1',
      title: 'Café',
      categories: ['Coffee'],
      availableFrom: '2025-03-01T00:00:00.000Z',
      names: ['4006381333931'],
      attributes: { arabica: true, beans: ['Kenya', 'Brazil'], roast: 'dark' },
    })
  })

  it.each([
    [null, 'The item is null'],
    ['x', 'The item is "x"'],
    [{}, '"id" = nothing'],
    [{ id: '' }, '"id" = ""'],
    [{ id: '   ' }, '"id" = "   "'],
    [{ id: 'x'.repeat(10_000) }, '"id" = "xxx'],
    [{ id: 7 }, '"id" = 7'],
    [{ id: 'a', price: '9.99' }, '"price" = "9.99"; expected a number'],
    [{ id: 'a', price: -1 }, '"price" = -1'],
    [{ id: 'a', price: Number.NaN }, '"price" = NaN'],
    [{ id: 'a', price: Number.POSITIVE_INFINITY }, '"price" = Infinity'],
    [{ id: 'a', stock: 1.5 }, '"stock" = 1.5; expected a whole number'],
    [{ id: 'a', currency: 'euro' }, '"currency" = "euro"; expected three capital letters'],
    [{ id: 'a', currency: 'eur' }, '"currency" = "eur"'],
    [{ id: 'a', audience: 'kids' }, '"audience" = "kids"'],
    [{ id: 'a', availableUntil: 'soon' }, '"availableUntil" = "soon"; expected a time in ISO 8601'],
    [{ id: 'a', availableUntil: '2025-02-30' }, '2025-02-30'],
    [{ id: 'a', availableFrom: '2025-03-02', availableUntil: '2025-03-01' }, 'expected a time after availableFrom'],
    [{ id: 'a', colour: 'red' }, '"colour" = "red"; expected one of id, title'],
    [{ id: 'a', title: 'a\0b' }, 'without control characters'],
    [{ id: 'a', title: 'a\ud800' }, 'no lone surrogate'],
    [{ id: 'a', attributes: { size: { eu: 42 } } }, '"attributes"'],
    [{ id: 'a', categories: 'Coffee' }, '"categories" = "Coffee"; expected a list'],
  ])('is refused with the field, what was got and what was expected: %j', (input, part) => {
    const error = refusal(input)
    expect(error.code).toBe('invalid_item')
    expect(error.message).toContain(part)
  })

  it('a patch clears with null and keeps what it does not name', () => {
    expect(parsePatch({ stock: 0, title: null }, 'a')).toEqual({ stock: 0, title: null })
    expect(() => parsePatch({ id: 'b' }, 'a')).toThrow('"id"')
  })

  it('whatever is thrown at the door is an item or a coded refusal', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: false }), (input) => {
        try {
          expect(typeof parseItem(input).id).toBe('string')
        } catch (error) {
          expect(error).toBeInstanceOf(HabitueError)
        }
      }),
      { seed: 5, numRuns: 500 },
    )
  })
})

describe('a row', () => {
  const options = { mode: 'merge', currency: 'EUR', now: 5 } as const

  it('comes back as the item that was sent, without its cost', () => {
    const item = parseItem({
      id: 'a',
      title: 'Espresso',
      price: 12.5,
      cost: 7,
      currency: 'KWD',
      stock: 3,
      group: 'beans',
      hidden: false,
      availableUntil: '2025-12-24T18:00:00+01:00',
    })
    const row = mergeRow(null, item, options)
    expect(row).toMatchObject({ price: 12_500, cost: 7000, hidden: 0 })
    const view = toView(row, ['sku-1'])
    expect(view).toEqual({
      id: 'a',
      title: 'Espresso',
      price: 12.5,
      currency: 'KWD',
      stock: 3,
      group: 'beans',
      availableUntil: '2025-12-24T17:00:00.000Z',
      names: ['sku-1'],
      updated: '1970-01-01T00:00:00.005Z',
    })
  })

  it('keeps in a merge what the item does not say, and clears it in a replacement', () => {
    const old = { ...blankRow('a', 1), title: 'Old', stock: 4, provisional: 1 }
    expect(mergeRow(old, { id: 'a', stock: 0 }, options)).toMatchObject({ title: 'Old', stock: 0, provisional: 0 })
    expect(mergeRow(old, { id: 'a', stock: 0 }, { ...options, mode: 'replace' })).toMatchObject({
      title: null,
      stock: 0,
      created: 1,
    })
  })

  it('takes the currency that is stored, and keeps the amount when only the currency changes', () => {
    const yen = mergeRow(null, { id: 'a', price: 500, currency: 'JPY' }, options)
    expect(yen).toMatchObject({ price: 500, currency: 'JPY' })
    expect(mergeRow(yen, { id: 'a', price: 700 }, options)).toMatchObject({ price: 700, currency: 'JPY' })
    expect(mergeRow(yen, { id: 'a', currency: 'USD' }, options)).toMatchObject({ price: 50_000, currency: 'USD' })
    expect(mergeRow(null, { id: 'a', price: 1 }, options)).toMatchObject({ price: 100, currency: 'EUR' })
  })
})

describe('money', () => {
  it('rounds halves of the decimal number, not of its binary shadow', () => {
    expect([1.005, -1.005, 0.1 + 0.2, 19.999].map((amount) => toMinorUnits(amount, 'EUR'))).toEqual([
      101, -101, 30, 2000,
    ])
    expect(toMinorUnits(1234.5, 'JPY')).toBe(1235)
    expect(fromMinorUnits(1999, 'EUR')).toBe(19.99)
  })

  it('survives the way in and out', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e12 }),
        fc.constantFrom('EUR', 'JPY', 'KWD', 'CLF', null),
        (minor, currency) => {
          expect(toMinorUnits(fromMinorUnits(minor, currency), currency)).toBe(minor)
        },
      ),
      { seed: 1 },
    )
  })
})

describe('audience and time', () => {
  it('rates by age', () => {
    expect(['all', 'adult', '0', '16', '21'].every(isAudience)).toBe(true)
    expect(['', '22', '-1', 'Adult', '016'].some(isAudience)).toBe(false)
    expect(['all', '16', 'adult'].map(leastAge)).toEqual([0, 16, 18])
  })

  it('reads ISO 8601, in UTC where no zone is named', () => {
    expect(parseTime('2025-03-01T10:00')).toBe(Date.UTC(2025, 2, 1, 10))
    expect(parseTime('2025-03-01 10:00:00+0200')).toBe(Date.UTC(2025, 2, 1, 8))
    expect(['01/03/2025', '2025-13-01', 'now', ''].map(parseTime)).toEqual([null, null, null, null])
  })
})
