import { describe, expect, it } from 'vitest'
import { exampleEvent } from './example-events.ts'
import { combineTraits, traitRows } from './traits.ts'

const identify = (
  time: number,
  properties: Record<string, unknown>,
  identifier: number | null = 1,
  message = `m${time}`,
) => exampleEvent({ type: 'identify', time, properties, identifier, message })

describe('traits', () => {
  it('are the latest said of each name, whatever arrived first', () => {
    const rows = traitRows([
      identify(5, { city: 'Ulm', plan: 'free' }),
      identify(3, { city: 'Bonn', age: 30 }),
      identify(5, { plan: 'paid' }, 1, 'm9'),
    ])
    expect(combineTraits(rows)).toEqual({ age: 30, city: 'Ulm', plan: 'paid' })
  })

  it('are taken back by null, over all identifiers', () => {
    const rows = traitRows([identify(5, { city: 'Ulm' }, 1), identify(6, { city: null }, 2)])
    expect(combineTraits(rows)).toEqual({})
  })

  it('are searched by name, not by anything else', () => {
    const rows = traitRows([identify(5, { name: 'Zoë Ångström', city: 'Ulm', firstName: 7 })])
    expect(rows.map(({ name, search }) => [name, search])).toEqual([
      ['name', 'zoë ångström'],
      ['city', null],
      ['firstName', null],
    ])
  })

  it('of nobody are not kept', () => {
    expect(traitRows([identify(5, { city: 'Ulm' }, null)])).toEqual([])
  })
})
