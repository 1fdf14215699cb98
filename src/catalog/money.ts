/**
 * Amounts are decimal numbers on the wire and integers in minor units inside (cents, yen, fils): sums are exact and
 * two engines agree. The number of decimals is the currency's (ISO 4217).
 */

/** Currencies whose minor unit is not a hundredth (ISO 4217, list one). */
const exponents: Readonly<Record<string, number>> = {
  BHD: 3,
  BIF: 0,
  CLF: 4,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  IQD: 3,
  ISK: 0,
  JOD: 3,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  PYG: 0,
  RWF: 0,
  TND: 3,
  UGX: 0,
  UYI: 0,
  UYW: 4,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
}

/** The largest amount in minor units that is believed; ten thousand billion cents. */
export const MAX_MINOR = 1e15

/** Decimals of `currency` (three capital letters); 2 for one that is not listed. */
export function currencyExponent(currency: string | null): number {
  return currency === null ? 2 : (exponents[currency] ?? 2)
}

/**
 * A decimal `amount` in minor units of `currency`, halves away from zero. `toPrecision(15)` takes off the binary
 * rounding first, so that 1.005 is a half and not 1.00499999.
 */
export function toMinorUnits(amount: number, currency: string | null): number {
  const scaled = Number((Math.abs(amount) * 10 ** currencyExponent(currency)).toPrecision(15))
  const rounded = Math.round(scaled)
  return amount < 0 && rounded !== 0 ? -rounded : rounded
}

/** The decimal amount of `minor` units of `currency`. */
export function fromMinorUnits(minor: number, currency: string | null): number {
  // A division is correctly rounded, so this is the number that the decimal text would be read as.
  return minor / 10 ** currencyExponent(currency)
}

/** Is it the form of a currency code: three capital letters? */
export function isCurrency(text: string): boolean {
  return /^[A-Z]{3}$/.test(text)
}
