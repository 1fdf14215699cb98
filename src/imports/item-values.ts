/** Texts of a feed -> the values of an item's fields. What cannot be read stays a text, and the item's check refuses it. */
import { parseTime } from '../catalog/time.ts'
import { parseDecimal, parsePrice } from './values.ts'

/** `Home > Garden > Tools` is in Home, in Home > Garden, and in the whole. */
export function categoryPath(text: string): string[] {
  const parts = text.split('>').map((part) => part.trim())
  return parts.flatMap((part, i) => (part === '' ? [] : [parts.slice(0, i + 1).join(' > ')]))
}

/** Several values in one cell: separated by `|`, else by `;`. A comma separates nothing: names contain it. */
export function listOf(text: string): string[] {
  const mark = text.includes('|') ? '|' : ';'
  return text
    .split(mark)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** In stock without a number = null (not counted, sellable); sold out = 0. A negative count is 0. */
export function stockOf(text: string): number | null | string {
  const word = text
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, ' ')
  if (
    ['in stock', 'available', 'yes', 'true', 'preorder', 'pre order', 'backorder', 'back order', 'limited'].includes(
      word,
    )
  )
    return null
  if (['out of stock', 'sold out', 'unavailable', 'no', 'false', 'discontinued'].includes(word)) return 0
  const count = parseDecimal(text)
  return count === null ? text : Math.max(0, Math.floor(count))
}

export function flagOf(text: string): boolean | string {
  const word = text.trim().toLowerCase()
  if (['true', 'yes', '1', 'y'].includes(word)) return true
  return ['false', 'no', '0', 'n'].includes(word) ? false : text
}

/** A price with or without its currency. */
export function priceOf(text: string): { price: number | string; currency?: string } {
  const price = parsePrice(text)
  if (!price) return { price: text }
  return price.currency === null ? { price: price.amount } : { price: price.amount, currency: price.currency }
}

export function timeOf(text: string): string {
  const time = parseTime(text.trim())
  return time === null ? text : new Date(time).toISOString()
}

/** `18+` is the age 18. */
export function audienceOf(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/^(\d{1,2})\s*\+$/, '$1')
}
