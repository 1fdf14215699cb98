/** Countries as people write them, and the zone in which most of a country's people live. */

/** Of countries with several zones the most populous; the others have one, which the machine knows. */
const mainZones: Readonly<Record<string, string>> = {
  AR: 'America/Argentina/Buenos_Aires',
  AU: 'Australia/Sydney',
  BR: 'America/Sao_Paulo',
  CA: 'America/Toronto',
  CD: 'Africa/Kinshasa',
  CL: 'America/Santiago',
  CN: 'Asia/Shanghai',
  CY: 'Asia/Nicosia',
  DE: 'Europe/Berlin',
  EC: 'America/Guayaquil',
  ES: 'Europe/Madrid',
  FM: 'Pacific/Pohnpei',
  GL: 'America/Nuuk',
  ID: 'Asia/Jakarta',
  KI: 'Pacific/Tarawa',
  KZ: 'Asia/Almaty',
  MN: 'Asia/Ulaanbaatar',
  MX: 'America/Mexico_City',
  MY: 'Asia/Kuala_Lumpur',
  NZ: 'Pacific/Auckland',
  PF: 'Pacific/Tahiti',
  PG: 'Pacific/Port_Moresby',
  PS: 'Asia/Gaza',
  PT: 'Europe/Lisbon',
  RU: 'Europe/Moscow',
  UA: 'Europe/Kyiv',
  US: 'America/New_York',
  UZ: 'Asia/Tashkent',
}

const held = new Map<string, string | null>()

/** Null = unknown. `code` = ISO 3166, two capital letters. */
export function zoneOfCountry(code: string): string | null {
  let zone = held.get(code)
  if (zone === undefined) {
    zone = mainZones[code] ?? onlyZone(code)
    held.set(code, zone)
  }
  return zone
}

function onlyZone(code: string): string | null {
  // An accessor in Node 22, a method since.
  type WithZones = Intl.Locale & { timeZones?: readonly string[]; getTimeZones?(): readonly string[] | undefined }
  const locale: WithZones = new Intl.Locale(`und-${code}`)
  const zones = locale.getTimeZones?.() ?? locale.timeZones ?? []
  return zones.length === 1 ? zones[0] : null
}

/** Languages in which a country may be written out. */
const languages = ['en', 'de', 'fr', 'es', 'it', 'nl', 'pl', 'sv', 'nb', 'da', 'ru', 'pt']
let names: ReadonlyMap<string, string> | undefined

/** The code of a country that is given as a code or by name (`Germany`, `Österreich`, `UK`); null = it says nothing. */
export function countryCode(given: unknown): string | null {
  if (typeof given !== 'string') return null
  const text = given.trim()
  if (/^[A-Za-z]{2}$/.test(text)) return presentCode(text)
  if (text.length < 3 || text.length > 60) return null
  names ??= countryNames()
  return names.get(text.toLowerCase()) ?? null
}

/** Codes of countries that are no more, and `UK`, are those of today. */
function presentCode(code: string): string | null {
  return new Intl.Locale(`und-${code}`).region ?? null
}

function countryNames(): Map<string, string> {
  const found = new Map<string, string>([
    ['usa', 'US'],
    ['england', 'GB'],
    ['great britain', 'GB'],
    ['scotland', 'GB'],
    ['holland', 'NL'],
  ])
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
  const codes = letters.flatMap((a) => letters.map((b) => a + b)).filter((code) => presentCode(code) === code)
  for (const language of languages) {
    const shown = new Intl.DisplayNames([language], { type: 'region', fallback: 'none' })
    for (const code of codes) {
      const name = shown.of(code)
      if (name !== undefined && !found.has(name.toLowerCase())) found.set(name.toLowerCase(), code)
    }
  }
  return found
}
