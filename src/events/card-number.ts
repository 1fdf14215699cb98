/**
 * Payment card numbers, which may not be kept: whoever stores one is bound by PCI DSS. A number is taken for a card's when
 * it begins as an issuer's (ISO/IEC 7812), has that issuer's length, and passes the Luhn check. That alone would also hit
 * one in ten of a shop's own long numbers, so fields that hold such (product and order ids, phones) are not looked at.
 */

/** Fields of long numbers that are not cards': the shop's ids, barcodes, phones, addresses of pages. */
const exempt =
  /(^|[_.-])(ids?|sku|variant|barcode|gtin\d*|ean\d*|upc|isbn\d*|mpn|phone|mobile|tel|telephone|fax|url|uri|href|path|src|referrer)$/i
const exemptCamel = /[a-z0-9](Ids?|Sku|Url|Phone|Barcode|Gtin|Ean)$/
/** Unless the name of the field speaks of payment. */
const payment = /card|payment|pan$/i

const memo = new Map<string, boolean>()

/** Is a value under this key never a card's number? */
export function isExemptKey(key: string): boolean {
  let known = memo.get(key)
  if (known === undefined) {
    known = (exempt.test(key) || exemptCamel.test(key)) && !payment.test(key)
    if (memo.size < 1000) memo.set(key, known)
  }
  return known
}

/**
 * 13 to 19 digits in a row, or in the groups in which cards print them (4-4-4-4, 4-6-5, 4-6-4), apart from other words
 * and numbers: a run of digits within a hash, a phone with its plus or a UUID is none.
 */
const candidate =
  /(?<![\w+]|\d[.,-])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,4}|\d{4}([ -])\d{6}\2\d{4,5})(?!\w|[.,-]\d)/g

/** Does the text contain a card's number? */
export function hasCardNumber(text: string): boolean {
  if (text.length < 13 || !manyDigits(text)) return false
  for (const [found] of text.matchAll(candidate)) {
    const digits = found.replace(/[ -]/g, '')
    if (isIssued(digits) && passesLuhn(digits)) return true
  }
  return false
}

/** Is an integer a card's number? */
export function isCardNumber(value: number): boolean {
  if (!Number.isSafeInteger(value) || value < 1e12) return false
  const digits = String(value)
  return isIssued(digits) && passesLuhn(digits)
}

/**
 * Most texts fail this quickly: of every fourth character of a candidate (13 digits or more, in groups of four or more) at
 * least three are digits, whatever the offset.
 */
function manyDigits(text: string): boolean {
  let digits = 0
  for (let i = 0; i < text.length; i += 4) {
    const code = text.charCodeAt(i)
    if (code >= 48 && code <= 57 && ++digits === 3) return true
  }
  return false
}

/** First digits from-to, and the lengths that are issued. */
const issuers: readonly (readonly [from: string, to: string, lengths: readonly number[]])[] = [
  ['4', '4', [13, 16, 19]], // Visa
  ['51', '55', [16]], // Mastercard
  ['2221', '2720', [16]],
  ['34', '34', [15]], // American Express
  ['37', '37', [15]],
  ['300', '305', [14, 16, 17, 18, 19]], // Diners Club
  ['36', '36', [14, 15, 16, 17, 18, 19]],
  ['38', '39', [14, 16, 17, 18, 19]],
  ['6011', '6011', [16, 17, 18, 19]], // Discover
  ['644', '659', [16, 17, 18, 19]],
  ['3528', '3589', [16, 17, 18, 19]], // JCB
  ['62', '62', [16, 17, 18, 19]], // UnionPay
  ['50', '50', [13, 14, 15, 16, 17, 18, 19]], // Maestro
  ['56', '58', [13, 14, 15, 16, 17, 18, 19]],
  ['63', '63', [13, 14, 15, 16, 17, 18, 19]],
  ['67', '67', [13, 14, 15, 16, 17, 18, 19]],
]

function isIssued(digits: string): boolean {
  return issuers.some(([from, to, lengths]) => {
    const start = digits.slice(0, from.length)
    return start >= from && start <= to && lengths.includes(digits.length)
  })
}

/** ISO/IEC 7812-1, annex B. */
function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48
    const doubled = i % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}
