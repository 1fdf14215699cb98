/** Dates that recur by rule, as data. */
import Type from 'typebox'

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
export type Weekday = (typeof weekdays)[number]

export const feastNames = [
  'mothers-day',
  'fathers-day',
  'valentines-day',
  'womens-day',
  'teachers-day',
  'easter',
  'pentecost',
  'halloween',
  'all-saints',
  'st-nicholas',
  'thanksgiving',
  'black-friday',
  'christmas-eve',
  'christmas',
  'new-year',
  'epiphany',
] as const
export type Feast = (typeof feastNames)[number]

export const feastCountries = [
  ...['AT', 'BE', 'CA', 'CH', 'DE', 'DK', 'ES', 'FR', 'GB', 'IE', 'IT', 'NL', 'NO', 'PL', 'RU', 'SE', 'US'],
] as const

export type DateRule =
  /** A day of every year; a full date recurs too, from that year on, as a birthday does. */
  | { readonly date: string }
  /** The nth weekday of a month (-1 = the last), and so many days after. */
  | { readonly weekday: Weekday; readonly nth: number; readonly month: number; readonly plus?: number }
  /** The first such weekday on or after a day of the year. */
  | { readonly weekday: Weekday; readonly from: string }
  /** Days after Easter Sunday, of the Western churches unless stated. */
  | { readonly easter: number; readonly church?: 'western' | 'orthodox' }
  /** As its country keeps it (feasts.ts). */
  | { readonly feast: Feast; readonly country: string }
  /** `rule`, but `instead` in a year in which it falls on `unless`. */
  | { readonly rule: DateRule; readonly unless: DateRule; readonly instead: DateRule }

/** When one who was born on 29 February celebrates in a year without it. */
export type LeapDay = 'feb-28' | 'mar-1'

const closed = { additionalProperties: false } as const
const Day = Type.String({ pattern: '^(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$' })
const DayOrDate = Type.String({ pattern: '^(\\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$' })
const WeekdayName = Type.Enum([...weekdays])
const Nth = Type.Enum([1, 2, 3, 4, 5, -1, -2, -3, -4, -5])

/** The forms in which a definition may state a date; `impossibleRule` (date-in.ts) says what a schema cannot. */
export const DateRuleSchema = Type.Union([
  Type.Object({ date: DayOrDate }, closed),
  Type.Object(
    {
      weekday: WeekdayName,
      nth: Nth,
      month: Type.Integer({ minimum: 1, maximum: 12 }),
      plus: Type.Optional(Type.Integer({ minimum: -366, maximum: 366 })),
    },
    closed,
  ),
  Type.Object({ weekday: WeekdayName, from: Day }, closed),
  Type.Object(
    {
      easter: Type.Integer({ minimum: -366, maximum: 366 }),
      church: Type.Optional(Type.Enum(['western', 'orthodox'])),
    },
    closed,
  ),
  Type.Object({ feast: Type.Enum([...feastNames]), country: Type.Enum([...feastCountries]) }, closed),
])
