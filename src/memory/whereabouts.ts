/** Where a customer is, as far as his clock and his feasts go: what he told of his time zone, and the country of his address. */
import { countryCode } from '../calendar/countries.ts'
import { type Whereabouts, zoneOf } from '../calendar/zone.ts'
import type { Permit } from '../consent/permit.ts'
import { heldQuery } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import { combineTraits, type ToldTrait } from './traits.ts'

/** As `identify` names them, the surest first. */
const zoneTraits = ['timezone', 'timeZone', 'time_zone', 'zone']
const countryTraits = ['country', 'country_code', 'countryCode']

const names = [...zoneTraits, ...countryTraits, 'address'].map((name) => `'${name}'`).join(', ')
const traitsOfOne = `select name, value, time, message from traits where identifier = ? and name in (${names})`
const traitsOfMany = `select name, value, time, message from traits where identifier = any(?::bigint[]) and name in (${names})`
const addressesOfOne = `select doc, time from facts where identifier = ? and kind = 'address' and recipient = ''`
const addressesOfMany = `select doc, time from facts where identifier = any(?::bigint[]) and kind = 'address' and recipient = ''`

async function rowsOf<T>(reader: Reader, permit: Permit, one: string, many: string): Promise<T[]> {
  if (reader.engine === 'postgres') return heldQuery<T>(reader, many, [permit.identifiers])
  const rows: T[] = []
  for (const identifier of permit.identifiers) rows.push(...(await heldQuery<T>(reader, one, [identifier])))
  return rows
}

/** As far as what `identify` told goes. */
export function toldWhereabouts(traits: Readonly<Record<string, unknown>>): Whereabouts {
  const first = (wanted: readonly string[]) => wanted.map((name) => traits[name]).find((value) => value !== undefined)
  return { timezone: first(zoneTraits), country: first(countryTraits) ?? countryOf(traits.address) }
}

/** What is known of where he is; both absent = nothing. */
export async function whereabouts(reader: Reader, permit: Permit): Promise<Whereabouts> {
  const traits = combineTraits(await rowsOf<ToldTrait>(reader, permit, traitsOfOne, traitsOfMany))
  const { timezone, country } = toldWhereabouts(traits)
  if (country !== undefined) return { timezone, country }
  const facts = await rowsOf<{ doc: string; time: number }>(reader, permit, addressesOfOne, addressesOfMany)
  const latest = facts.sort((a, b) => b.time - a.time).map(({ doc }) => countryOf((JSON.parse(doc) as Doc).value))
  return { timezone, country: latest.find((value) => value !== undefined) }
}

interface Doc {
  readonly value: unknown
}

function countryOf(address: unknown): unknown {
  if (typeof address !== 'object' || address === null) return undefined
  const { country, country_code: code, countryCode: other } = address as Readonly<Record<string, unknown>>
  return country ?? code ?? other
}

/** The zone in which his day begins: his own, else his country's, else the shop's. */
export async function zoneOfCustomer(reader: Reader, permit: Permit, shop: string): Promise<string> {
  return zoneOf(await whereabouts(reader, permit), shop)
}

/** His country as a code (ISO 3166); null = not known. */
export async function countryOfCustomer(reader: Reader, permit: Permit): Promise<string | null> {
  return countryCode((await whereabouts(reader, permit)).country)
}
