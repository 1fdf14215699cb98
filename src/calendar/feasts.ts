/**
 * Feasts for which people give, by country: Mother's Day is not one date. Each row is the rule that the country itself has,
 * and where it is a law, the law. A country that a feast does not name does not keep it, or has no one day for it.
 */
import { type DateRule, type Feast, feastCountries, type Weekday } from './date-rule.ts'

const on = (date: string): DateRule => ({ date })
const nth = (n: number, weekday: Weekday, month: number, plus = 0): DateRule =>
  plus === 0 ? { weekday, nth: n, month } : { weekday, nth: n, month, plus }
const afterEaster = (easter: number): DateRule => ({ easter })

type ByCountry = Readonly<Record<string, DateRule>>

const everywhere = (rule: DateRule): ByCountry => Object.fromEntries(feastCountries.map((country) => [country, rule]))
const within = (rule: DateRule, ...countries: readonly string[]): ByCountry =>
  Object.fromEntries(countries.map((country) => [country, rule]))

export const feasts: Readonly<Record<Feast, ByCountry>> = {
  'mothers-day': {
    // Germany's florists once agreed to give way to Pentecost; in 2008, when the two met, the day stayed.
    ...within(nth(2, 'sunday', 5), 'AT', 'BE', 'CA', 'CH', 'DE', 'DK', 'IT', 'NL', 'US'),
    // Code de l'action sociale et des familles, D215-1: the last Sunday of May, or if that is Pentecost the first of June.
    FR: { unless: { easter: 49 }, rule: nth(-1, 'sunday', 5), instead: nth(1, 'sunday', 6) },
    ES: nth(1, 'sunday', 5),
    // Mothering Sunday, the fourth of Lent.
    ...within(afterEaster(-21), 'GB', 'IE'),
    SE: nth(-1, 'sunday', 5),
    NO: nth(2, 'sunday', 2),
    PL: on('05-26'),
    // By decree of 1998; most give on 8 March.
    RU: nth(-1, 'sunday', 11),
  },
  'fathers-day': {
    // Ascension.
    DE: afterEaster(39),
    ...within(nth(3, 'sunday', 6), 'CA', 'FR', 'GB', 'IE', 'NL', 'US'),
    ...within(nth(2, 'sunday', 6), 'AT', 'BE'),
    CH: nth(1, 'sunday', 6),
    // Saint Joseph.
    ...within(on('03-19'), 'ES', 'IT'),
    ...within(nth(2, 'sunday', 11), 'NO', 'SE'),
    PL: on('06-23'),
    // Constitution Day.
    DK: on('06-05'),
    RU: nth(3, 'sunday', 10),
  },
  'valentines-day': everywhere(on('02-14')),
  'womens-day': everywhere(on('03-08')),
  'teachers-day': {
    // UNESCO's World Teachers' Day where the country has no other.
    ...everywhere(on('10-05')),
    // Saint Joseph Calasanz.
    ES: on('11-27'),
    // Commission of National Education, 1773.
    PL: on('10-14'),
    // Tuesday of the first full week of May.
    US: nth(1, 'sunday', 5, 2),
  },
  easter: { ...everywhere(afterEaster(0)), RU: { easter: 0, church: 'orthodox' } },
  pentecost: { ...everywhere(afterEaster(49)), RU: { easter: 49, church: 'orthodox' } },
  halloween: within(on('10-31'), 'AT', 'CA', 'CH', 'DE', 'FR', 'GB', 'IE', 'US'),
  'all-saints': {
    ...within(on('11-01'), 'AT', 'BE', 'CH', 'DE', 'ES', 'FR', 'IT', 'PL'),
    // The Saturday between 31 October and 6 November.
    SE: { weekday: 'saturday', from: '10-31' },
    NO: nth(1, 'sunday', 11),
    DK: nth(1, 'sunday', 11),
  },
  // The eve is the feast in the Netherlands.
  'st-nicholas': { ...within(on('12-06'), 'AT', 'BE', 'CH', 'DE', 'PL'), NL: on('12-05') },
  thanksgiving: { US: nth(4, 'thursday', 11), CA: nth(2, 'monday', 10) },
  'black-friday': everywhere(nth(4, 'thursday', 11, 1)),
  'christmas-eve': { ...everywhere(on('12-24')), RU: on('01-06') },
  christmas: { ...everywhere(on('12-25')), RU: on('01-07') },
  'new-year': everywhere(on('01-01')),
  epiphany: within(on('01-06'), 'AT', 'BE', 'CH', 'DE', 'ES', 'FR', 'IT', 'PL', 'SE'),
}
