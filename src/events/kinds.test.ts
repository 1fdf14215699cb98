import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { eventKinds, kindOf, ownKinds, purposeOf, standardKinds, viewNames } from './kinds.ts'

const docs = readFileSync(join(import.meta.dirname, '../../docs/events.md'), 'utf8')

/** Rows of the table under a heading: name, and the other names. */
function documented(heading: string): { name: string; aliases: string[] }[] {
  const section = docs.split(`## ${heading}\n`)[1].split('\n## ')[0]
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const cells = line.split('|').map((cell) => cell.trim())
      return {
        name: cells[1].replaceAll('`', ''),
        aliases: cells[4]
          .split(', ')
          .filter(Boolean)
          .map((a) => a.replaceAll('`', '')),
      }
    })
}

describe('the vocabulary', () => {
  it('is documented, name by name', () => {
    const named = (kinds: typeof eventKinds) => kinds.map(({ name, aliases }) => ({ name, aliases }))
    expect(documented('Standard events')).toEqual(named(standardKinds))
    expect(documented("Habitue's own events")).toEqual(named(ownKinds))
  })

  it('has no name twice', () => {
    const names = eventKinds.flatMap(({ name, aliases }) => [name, ...aliases]).map((name) => name.toLowerCase())
    expect(new Set(names).size).toBe(names.length)
  })

  it.each([
    ['Viewed Product', 'Product Viewed'],
    ['Added Product', 'Product Added'],
    ['Completed Order', 'Order Completed'],
    ['Viewed Product Category', 'Product List Viewed'],
    ['Viewed Promotion', 'Promotion Viewed'],
    ['Clicked Promotion', 'Promotion Clicked'],
    ['Clicked Product', 'Product Clicked'],
    ['product_viewed', 'Product Viewed'],
    ['ORDER completed', 'Order Completed'],
    ['Not Interested', 'Product Refused'],
  ])('knows %s as %s', (given, canonical) => {
    expect(kindOf(given)?.name).toBe(canonical)
  })

  it('takes other names as custom events', () => {
    for (const name of ['Recipe Cooked', 'constructor', '__proto__', 'toString', ''])
      expect(kindOf(name)).toBeUndefined()
    expect(purposeOf('track', 'Recipe Cooked')).toBe('personalisation')
  })

  it('keeps orders and what a customer said, and lets views go', () => {
    expect(viewNames).toContain('Product Viewed')
    for (const name of ['Order Completed', 'Product Returned', 'Product Rated', 'Consent Given']) {
      expect(viewNames).not.toContain(name)
    }
  })
})
