import { describe, expect, it } from 'vitest'
import { guessTimeFormat, parseDecimal, parsePrice, timeReader } from './values.ts'

describe('numbers', () => {
  it('are decimal; words and mixtures are none', () => {
    expect(['1', '-2.5', ' 3 ', '1e3', '.5'].map((text) => parseDecimal(text))).toEqual([1, -2.5, 3, 1000, 0.5])
    expect(['', 'NaN', 'Infinity', '1,5', '0x10', '12a', '1e999'].map((text) => parseDecimal(text))).toEqual(
      Array.from({ length: 7 }, () => null),
    )
    expect(parseDecimal('12,50', true)).toBe(12.5)
  })

  it.each([
    ['12.99 USD', 12.99, 'USD'],
    ['EUR 1.299,00', 1299, 'EUR'],
    ['1,299.00', 1299, null],
    ['1,299', 1299, null],
    ['12,5', 12.5, null],
    ['£5', 5, 'GBP'],
    ['1.250 KWD', 1.25, 'KWD'],
    ['1 299,90 €', 1299.9, 'EUR'],
    ['1.234.567', 1234567, null],
  ])('the price %s', (text, amount, currency) => {
    expect(parsePrice(text)).toEqual({ amount, currency })
  })

  it.each(['', 'free', '12 apples', 'EUR 5 USD', 'NaN'])('no price: %s', (text) => {
    expect(parsePrice(text)).toBeNull()
  })
})

describe('times', () => {
  it.each([
    ['978300760', 'seconds', '2000-12-31T22:12:40.000Z'],
    ['1433221332117', 'milliseconds', '2015-06-02T05:02:12.117Z'],
    ['2010-12-01T08:26:00Z', 'iso', '2010-12-01T08:26:00.000Z'],
    ['1997-01-18', 'iso', '1997-01-18T00:00:00.000Z'],
    ['20101231', 'compact', '2010-12-31T00:00:00.000Z'],
    ['12/31/2010 8:26', 'month-first', '2010-12-31T08:26:00.000Z'],
    ['31/12/2010 8:26', 'day-first', '2010-12-31T08:26:00.000Z'],
    ['31.12.2010', 'day-first', '2010-12-31T00:00:00.000Z'],
  ])('%s is read as %s', (text, format, expected) => {
    const guess = guessTimeFormat([text])
    expect(guess).toEqual({ format, ambiguous: false })
    expect(new Date(timeReader(guess!.format)(text)!).toISOString()).toBe(expected)
  })

  it('of which nothing tells day from month are ambiguous, until one does', () => {
    expect(guessTimeFormat(['1/2/2010', '3/4/2010'])).toEqual({ format: 'month-first', ambiguous: true })
    expect(guessTimeFormat(['1/2/2010', '13/4/2010'])).toEqual({ format: 'day-first', ambiguous: false })
  })

  it('that do not exist are none', () => {
    const read = timeReader('month-first')
    expect([read('2/30/2010'), read('13/1/2010'), read('soon'), read('2/28/2010')]).toEqual([
      null,
      null,
      null,
      Date.UTC(2010, 1, 28),
    ])
    expect(timeReader('seconds')('99999999999999')).toBeNull()
    expect(guessTimeFormat(['yesterday'])).toBeNull()
  })
})
