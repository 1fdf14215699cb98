import { describe, expect, it } from 'vitest'
import { hasCardNumber, isCardNumber, isExemptKey } from './card-number.ts'

describe('card numbers', () => {
  it.each([
    '4111111111111111',
    '4111 1111 1111 1111',
    'pay with 4111-1111-1111-1111 12/27 please',
    '5555555555554444',
    '2223003122003222',
    '378282246310005',
    '3782 822463 10005',
    '6011111111111117',
    '30569309025904',
    '3530111333300000',
    '6304000000000000',
    'a,4111111111111111,b',
  ])('are seen in %j', (text) => expect(hasCardNumber(text)).toBe(true))

  it.each([
    '4111111111111112',
    '1700000000000',
    '1736510400000',
    '+4915123456789',
    '123e4567-e89b-12d3-a456-426614174000',
    '00000000-4111-1111-1111-111111110000',
    'f4111111111111111b',
    '9111111111111111',
    '12.4111111111111111',
    '4111 1111',
    'https://shop.example/a?b=c',
  ])('are not seen in %j', (text) => expect(hasCardNumber(text)).toBe(false))

  it('are seen as numbers', () => {
    expect(isCardNumber(4111111111111111)).toBe(true)
    for (const value of [4111111111111112, 1736510400000, 41.5, -4111111111111111])
      expect(isCardNumber(value)).toBe(false)
  })

  it('are not looked for in ids, barcodes and phones', () => {
    for (const key of ['product_id', 'productId', 'id', 'sku', 'ean', 'gtin13', 'phone', 'order_id', 'image_url'])
      expect(isExemptKey(key)).toBe(true)
    for (const key of ['card', 'card_number', 'cardId', 'payment_id', 'note', 'number', 'paid', 'text', 'constructor'])
      expect(isExemptKey(key)).toBe(false)
  })
})
