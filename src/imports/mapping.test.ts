import { describe, expect, it } from 'vitest'
import type { TableKind } from './column-names.ts'
import { guessMapping, parseMapOptions } from './mapping.ts'

const fields = (kind: TableKind, header: string, rows: string[] = [], map: Record<string, string> = {}) =>
  guessMapping(
    kind,
    header.split(','),
    rows.map((row) => row.split(',')),
    { map, delimiter: ',' },
  ).columns.map((c) => c.field)

describe('columns are recognised', () => {
  it.each<[TableKind, string, (string | null)[]]>([
    ['interactions', 'user,item,value,time', ['user', 'item', 'value', 'time']],
    ['interactions', 'userId,movieId,rating,timestamp', ['user', 'item', 'value', 'time']],
    ['interactions', 'timestamp,visitorid,event,itemid,transactionid', ['time', 'user', 'event', 'item', 'order']],
    ['interactions', 'session,item', ['anonymous', 'item']],
    [
      'orders',
      'invoice,item,title,quantity,time,price,customer,country',
      ['order', 'item', 'title', 'quantity', 'time', 'price', 'user', 'properties.country'],
    ],
    [
      'orders',
      'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country',
      ['order', 'item', 'title', 'quantity', 'time', 'price', 'user', 'properties.country'],
    ],
    ['orders', 'customer,time,quantity,amount', ['user', 'time', 'quantity', 'total']],
    ['users', 'user,gender,age', ['user', 'traits.gender', 'traits.age']],
    ['users', 'Email Address,First Name', ['traits.email', 'traits.firstName']],
    ['items', 'item,title,released,categories', ['id', 'title', 'attributes.released', 'categories']],
    ['items', 'id,sku,name,Unit Price,inventory_quantity', ['id', 'names', 'title', 'price', 'stock']],
    ['items', 'sku,name', ['id', 'title']],
  ])('%s: %s', (kind, header, expected) => {
    expect(fields(kind, header)).toEqual(expected)
  })

  it('a mapping by hand wins, and its field is taken', () => {
    const map = { buyer: 'user', customer: '', colour: 'properties.colour' }
    expect(fields('interactions', 'customer,buyer,item,colour', [], map)).toEqual([
      null,
      'user',
      'item',
      'properties.colour',
    ])
  })

  it('what is missing is named, with what there is and how to say it', () => {
    expect(() => fields('interactions', 'who,what')).toThrow(
      expect.objectContaining({ code: 'missing_column', message: expect.stringContaining('--map COLUMN=user') }),
    )
    expect(() => fields('items', 'title,price')).toThrow(expect.objectContaining({ code: 'missing_column' }))
  })

  it('a mapping by hand of what is not there, or to what is no field, is refused', () => {
    expect(() => fields('interactions', 'user,item', [], { buyer: 'user' })).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    )
    expect(() => fields('interactions', 'user,item', [], { user: 'customer name' })).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining('properties.NAME') }),
    )
    expect(parseMapOptions(['a=b=user', 'c='])).toEqual({ 'a=b': 'user', c: '' })
    expect(() => parseMapOptions(['user'])).toThrow(expect.objectContaining({ code: 'invalid_option' }))
  })
})

describe('what interactions mean', () => {
  const meaning = (header: string, rows: string[], as?: 'buy') => {
    const mapping = guessMapping(
      'interactions',
      header.split(','),
      rows.map((row) => row.split(',')),
      { as, delimiter: ',' },
    )
    return [mapping.signal, ...mapping.ratings]
  }

  it.each([
    ['user,item,value', ['1,1,5', '1,2,3', '2,1,4'], ['rating', 1, 5]],
    ['user,item,rating', ['1,1,9', '1,2,3', '2,1,4'], ['rating', 1, 10]],
    ['user,item,rating', ['1,1,0.5', '1,2,4.5'], ['rating', 0.5, 5]],
    ['user,item,value', ['1,1,1', '1,2,0'], ['view', 0, 5]],
    ['user,item,plays', ['1,1,1200', '1,2,17'], ['view', 0, 100]],
    ['user,item', ['1,1'], ['view', 1, 5]],
    ['user,basket,item', ['1,0,1'], ['buy', 1, 5]],
    ['user,item,quantity', ['1,0,1'], ['buy', 1, 5]],
  ])('%s', (header, rows, expected) => {
    expect(meaning(header, rows)[0]).toEqual(expected[0])
    if (expected[0] === 'rating') expect(meaning(header, rows)).toEqual(expected)
  })

  it('is what is said where it is said', () => {
    expect(meaning('user,item,value', ['1,1,5', '1,2,3', '2,1,4'], 'buy')[0]).toBe('buy')
  })
})

describe('a person is told', () => {
  it('what is not imported, unknown times, and dates that could be read in two ways', () => {
    const warnings = (header: string, row: string) =>
      guessMapping('orders', header.split(','), [row.split(',')], { delimiter: ',' }).warnings.join(' ')
    expect(warnings('order,item,till', '1,a,7')).toMatch(/"till" is not imported.*No column is the time/)
    expect(warnings('order,item,date', '1,a,1/2/2010')).toContain('month-first; they could be day-first')
    expect(warnings('order,item,date', '1,a,whenever')).toContain('"whenever"')
  })
})
