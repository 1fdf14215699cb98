/** Who the customers are: names and traits, taste, rhythm, household, and the people they give to. */
import { DAY, isoDate } from './calendar.ts'
import type { Assortment, Product } from './catalogue.ts'
import { between, chance, type Draw, normal, pick, stream } from './draws.ts'
import { drawHabit, type Habit } from './habits.ts'
import { familyNames, mensNames, streets, womensNames } from './names.ts'
import { circles } from './styles.ts'
import { drawCircle, drawTaste, type Taste, whimKey } from './tastes.ts'
import { cities } from './weather.ts'

export interface Address {
  readonly street: string
  readonly city: string
  readonly state: string
  readonly postalCode: string
}

/** Somebody whom a customer gives to. Only what the shop needs for a parcel, and the taste that the giver has in mind. */
export interface Recipient {
  readonly id: string
  readonly name: string
  readonly relation: 'mother' | 'partner' | 'child' | 'friend'
  /** Month from 1. */
  readonly birthday: { readonly month: number; readonly day: number }
  readonly address: Address
  readonly taste: Taste
}

/** What a customer will not have; `attribute` is one of the catalogue's. */
export interface Refusal {
  readonly subject: { readonly category: string } | { readonly attribute: string; readonly value: string | boolean }
  /** When he tells the shop, milliseconds; nothing is told before. */
  readonly toldAt: number
}

export interface Customer {
  readonly id: string
  readonly index: number
  readonly givenName: string
  readonly familyName: string
  readonly email: string
  readonly gender: 'female' | 'male'
  /** `1984-03-21` */
  readonly birthday: string
  readonly city: number
  readonly address: Address
  readonly locale: string
  readonly device: 'mobile' | 'desktop' | 'tablet'
  readonly anonymousId: string
  /** Index of the other member, where two customers share a home and its tablet. */
  readonly household: number | undefined
  /** First and last instant at which he may act: `joined <= t < leaves`. */
  readonly joined: number
  readonly leaves: number
  /** Whether `leaves` is before the end of the log. */
  readonly lapses: boolean
  readonly taste: Taste
  readonly refusals: readonly Refusal[]
  readonly coffee: Habit | undefined
  readonly groceries:
    | { readonly everyDays: number; readonly weekday: number; readonly hour: number; readonly online: boolean }
    | undefined
  /** Visits of the web shop a year. */
  readonly visits: number
  readonly newsletter: boolean
  /** The size of wearables that fits. */
  readonly size: 'S' | 'M' | 'L'
  /** Added to every star he gives. */
  readonly strictness: number
  readonly recipients: readonly Recipient[]
}

export interface Span {
  readonly start: number
  readonly end: number
  /** 1 = the natural pace; less to keep a log within its limit. */
  readonly pace: number
}

/** Every customer is drawn from a stream of its own; the two of a household are neighbours in the list. */
export function drawCustomer(seed: number, index: number, assortment: Assortment, span: Span): Customer {
  const draw = stream(seed, 'customer', index)
  const home = householdOf(seed, index)
  const sharedDraw = home === undefined ? draw : stream(seed, 'home', Math.min(index, home))
  const city = Math.floor(sharedDraw() * cities.length)
  const address = drawAddress(sharedDraw, city)
  const familyName = pick(sharedDraw, familyNames)
  const circle = drawCircle(draw)
  const gender = chance(draw, circles[circle].women) ? 'female' : 'male'
  const givenName = pick(draw, gender === 'female' ? womensNames : mensNames)
  const id = `c${String(index + 1).padStart(5, '0')}`
  const taste = drawTaste(draw, circle, whimKey(seed, id))
  const { interest } = circles[circle]
  const tenure = drawTenure(draw, span)
  return {
    id,
    index,
    givenName,
    familyName,
    email: `${givenName}.${familyName}.${index + 1}@mail.example`.toLowerCase(),
    gender,
    birthday: drawBirthday(draw, span.start, Math.min(88, Math.max(18, circles[circle].age + 11 * normal(draw)))),
    city,
    address,
    locale: chance(draw, 0.88) ? 'en-US' : pick(draw, ['es-US', 'de-DE', 'fr-FR']),
    device: chance(draw, 0.55) ? 'mobile' : chance(draw, 0.85) ? 'desktop' : 'tablet',
    anonymousId: `a-${String(home === undefined ? index : Math.min(index, home)).padStart(5, '0')}${home === undefined ? '' : '-home'}`,
    household: home,
    ...tenure,
    taste,
    refusals: drawRefusals(draw, span, tenure.joined),
    coffee: chance(draw, 0.3 * interest.Coffee) ? drawHabit(draw, taste, assortment, span) : undefined,
    groceries: chance(draw, 0.3 * interest.Groceries) ? drawGroceryRhythm(draw, span) : undefined,
    visits: 5.6 * span.pace * Math.exp(0.6 * normal(draw)),
    newsletter: chance(draw, 0.45),
    size: gender === 'female' ? pick(draw, ['S', 'S', 'M', 'M', 'L']) : pick(draw, ['S', 'M', 'L', 'L', 'M']),
    strictness: 0.45 * normal(draw),
    recipients: drawRecipients(draw, seed, id, familyName),
  }
}

/** One pair of neighbours in twelve shares a home. */
function householdOf(seed: number, index: number): number | undefined {
  const pair = index >> 1
  return chance(stream(seed, 'household', pair), 1 / 12) ? index ^ 1 : undefined
}

function drawTenure(draw: Draw, { start, end }: Span): Pick<Customer, 'joined' | 'leaves' | 'lapses'> {
  const joined = chance(draw, 0.7) ? start : start + Math.floor(draw() * 0.85 * (end - start))
  const lapses = chance(draw, 0.08)
  const leaves = lapses ? joined + Math.floor((0.3 + 0.5 * draw()) * (end - joined)) : end
  return { joined, leaves, lapses }
}

function drawAddress(draw: Draw, city: number): Address {
  const { name, state, zip } = cities[city]
  const street = `${between(draw, 1, 240)} ${pick(draw, streets)} Street`
  return { street, city: name, state, postalCode: `${zip}${String(between(draw, 1, 40)).padStart(2, '0')}` }
}

function drawBirthday(draw: Draw, now: number, age: number): string {
  return isoDate(now - Math.floor(age * 365.25 + draw() * 365) * DAY)
}

function drawGroceryRhythm(draw: Draw, { pace }: Span): NonNullable<Customer['groceries']> {
  const everyDays = Math.round(pick(draw, [7, 7, 7, 10, 14]) / Math.max(pace, 0.05))
  return { everyDays, weekday: between(draw, 0, 6), hour: 9 + 10 * draw(), online: chance(draw, 0.35) }
}

function drawRefusals(draw: Draw, { end }: Span, joined: number): Refusal[] {
  if (!chance(draw, 0.12)) return []
  const subject = pick<Refusal['subject']>(draw, [
    { attribute: 'nuts', value: true },
    { attribute: 'lilies', value: true },
    { attribute: 'vegan', value: false },
    { category: 'Horror' },
    { category: 'Meat & fish' },
    { category: 'Wine & beer' },
  ])
  return [{ subject, toldAt: joined + Math.floor(draw() * 0.4 * (end - joined)) }]
}

const people: readonly { relation: Recipient['relation']; share: number; circles: readonly string[] }[] = [
  { relation: 'mother', share: 0.4, circles: ['home bakers', 'night readers', 'romantics', 'hosts'] },
  { relation: 'partner', share: 0.4, circles: circles.map(({ name }) => name) },
  { relation: 'child', share: 0.25, circles: ['young families', 'players'] },
  { relation: 'friend', share: 0.3, circles: circles.map(({ name }) => name) },
]

function drawRecipients(draw: Draw, seed: number, customer: string, familyName: string): Recipient[] {
  const out: Recipient[] = []
  for (const { relation, share, circles: likely } of people) {
    if (!chance(draw, share)) continue
    const given = pick(draw, relation === 'mother' || chance(draw, 0.5) ? womensNames : mensNames)
    const id = `${customer}-r${out.length + 1}`
    const wanted = pick(draw, likely)
    const circle = circles.findIndex(({ name }) => name === wanted)
    out.push({
      id,
      name: `${given} ${relation === 'friend' ? pick(draw, familyNames) : familyName}`,
      relation,
      birthday: { month: between(draw, 1, 12), day: between(draw, 1, 28) },
      address: drawAddress(draw, Math.floor(draw() * cities.length)),
      taste: drawTaste(draw, circle, whimKey(seed, id)),
    })
  }
  return out
}

/** Whether a customer will not have the product, told or not yet told. */
export function refuses(customer: Pick<Customer, 'refusals'>, { item }: Product): boolean {
  return customer.refusals.some(({ subject }) =>
    'category' in subject
      ? item.categories.includes(subject.category)
      : item.attributes[subject.attribute] === subject.value,
  )
}
