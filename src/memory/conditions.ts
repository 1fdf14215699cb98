/**
 * When a fact holds: a condition over the context of a moment ("below 8 degrees", "on Sundays", "for Ada"). All that it
 * states must hold; of what the context does not say, nothing is known. Pure.
 */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { HabitueError } from '../errors.ts'

const Word = Type.String({ minLength: 1, maxLength: 100 })
const Words = Type.Union([Word, Type.Array(Word, { minItems: 1, maxItems: 20 })])
const Clock = Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', description: 'HH:MM' })

/** A condition as it is sent. One word and a list of one word are the same. */
export const Condition = Type.Object(
  {
    temperature: Type.Optional(
      Type.Object(
        { min: Type.Optional(Type.Number()), max: Type.Optional(Type.Number()) },
        {
          additionalProperties: false,
          minProperties: 1,
          description: 'Degrees Celsius; min inclusive, max exclusive.',
        },
      ),
    ),
    weather: Type.Optional(Words),
    timeOfDay: Type.Optional(
      Type.Union([Words, Type.Object({ from: Clock, until: Clock }, { additionalProperties: false })], {
        description: 'night, morning, afternoon, evening; or from (inclusive) and until (exclusive) by the clock.',
      }),
    ),
    weekday: Type.Optional(Words),
    season: Type.Optional(Words),
    occasion: Type.Optional(Words),
    device: Type.Optional(Words),
    place: Type.Optional(Words),
    recipient: Type.Optional(Words),
  },
  { additionalProperties: false, minProperties: 1 },
)
type WireCondition = Type.Static<typeof Condition>

/** In normal form: words in lower case, sorted, in lists; names in one order. */
export interface Condition {
  readonly temperature?: { readonly min?: number; readonly max?: number }
  readonly timeOfDay?: readonly string[] | { readonly from: string; readonly until: string }
  readonly weather?: readonly string[]
  readonly weekday?: readonly string[]
  readonly season?: readonly string[]
  readonly occasion?: readonly string[]
  readonly device?: readonly string[]
  readonly place?: readonly string[]
  readonly recipient?: readonly string[]
}

/** The moment of a decision; what is not known is absent. */
export interface Moment {
  readonly temperature?: number
  /** HH:MM by the customer's clock. */
  readonly clock?: string
  readonly weather?: string
  readonly weekday?: string
  readonly season?: string
  readonly occasion?: string
  readonly device?: string
  readonly place?: string
  readonly recipient?: string
}

const conditionCheck = Compile(Condition)
const wordNames = ['weather', 'weekday', 'season', 'occasion', 'device', 'place', 'recipient'] as const
const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
const seasons = ['spring', 'summer', 'autumn', 'winter']
const partsOfDay = ['night', 'morning', 'afternoon', 'evening']

/** The normal form of a condition from outside; null where there is none. @throws HabitueError invalid_fact */
export function parseCondition(given: unknown): Condition | null {
  if (given === undefined || given === null) return null
  if (!conditionCheck.Check(given)) {
    const at = conditionCheck.Errors(given)[0]?.instancePath.slice(1) ?? ''
    throw invalid(
      at === '' ? 'condition' : `condition.${at.replaceAll('/', '.')}`,
      given,
      'a condition (docs/facts.md)',
    )
  }
  const wire: WireCondition = given
  const condition: Record<string, unknown> = {}
  if (wire.temperature) {
    const { min, max } = wire.temperature
    if (min !== undefined && max !== undefined && min >= max)
      throw invalid('condition.temperature.max', max, 'more than min')
    condition.temperature = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) }
  }
  if (wire.timeOfDay !== undefined) condition.timeOfDay = timeOfDay(wire.timeOfDay)
  for (const name of wordNames) if (wire[name] !== undefined) condition[name] = wordsOf(wire[name])
  among('weekday', condition.weekday, weekdays)
  among('season', condition.season, seasons)
  return condition as Condition
}

function timeOfDay(given: NonNullable<WireCondition['timeOfDay']>): Condition['timeOfDay'] {
  if (typeof given === 'object' && 'from' in given) return { from: given.from, until: given.until }
  const words = wordsOf(given)
  among('timeOfDay', words, partsOfDay)
  return words
}

function wordsOf(given: string | readonly string[]): string[] {
  const words = typeof given === 'string' ? [given] : given
  return [...new Set(words.map((word) => word.normalize('NFC').trim().toLowerCase()))].sort()
}

function among(name: string, words: unknown, allowed: readonly string[]): void {
  for (const word of (words as readonly string[] | undefined) ?? [])
    if (!allowed.includes(word)) throw invalid(`condition.${name}`, word, `one of ${allowed.join(', ')}`)
}

/** Whether `condition` holds at `moment`: true, false, or null where the moment does not say. */
export function holds(condition: Condition | null, moment: Moment): boolean | null {
  if (condition === null) return true
  const answers: (boolean | null)[] = []
  const { temperature, timeOfDay: time } = condition
  if (temperature) {
    const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = temperature
    const now = moment.temperature
    answers.push(now === undefined ? null : now >= min && now < max)
  }
  if (time) answers.push(moment.clock === undefined ? null : atThatTime(time, moment.clock))
  for (const name of wordNames) {
    const words = condition[name]
    if (!words) continue
    const now = moment[name]
    answers.push(now === undefined ? null : words.includes(now.toLowerCase()))
  }
  if (answers.includes(false)) return false
  return answers.includes(null) ? null : true
}

function atThatTime(time: NonNullable<Condition['timeOfDay']>, clock: string): boolean {
  if ('from' in time) {
    const { from, until } = time
    return from <= until ? clock >= from && clock < until : clock >= from || clock < until
  }
  return time.includes(partOfDay(clock))
}

/** What a request's context says of the moment; what it does not say, or not in a form that is understood, is absent. */
export function momentOf(context: Readonly<Record<string, unknown>> | undefined): Moment {
  if (!context) return {}
  const weather = context.weather as Readonly<Record<string, unknown>> | string | undefined
  const given: Readonly<Record<string, unknown>> =
    typeof weather === 'object' && weather !== null
      ? {
          ...context,
          weather: weather.condition ?? weather.weather,
          temperature: context.temperature ?? weather.temperature,
        }
      : context
  const moment: Record<string, unknown> = {}
  for (const name of wordNames) if (typeof given[name] === 'string') moment[name] = given[name]
  if (typeof given.temperature === 'number') moment.temperature = given.temperature
  const clock = given.clock ?? given.timeOfDay ?? given.time
  if (typeof clock === 'string' && /^([01]\d|2[0-3]):[0-5]\d$/.test(clock)) moment.clock = clock
  return moment as Moment
}

/** Night from midnight, morning from six, afternoon from noon, evening from six. */
export function partOfDay(clock: string): string {
  return partsOfDay[Math.min(3, Math.floor(Number(clock.slice(0, 2)) / 6))]
}

/** In words: "below 8 °C", "on sunday", "for ada". */
export function describeCondition(condition: Condition): string {
  const { temperature, timeOfDay: time } = condition
  const said: string[] = []
  if (temperature) {
    const { min, max } = temperature
    if (min !== undefined && max !== undefined) said.push(`from ${min} to ${max} °C`)
    else said.push(min === undefined ? `below ${max} °C` : `from ${min} °C`)
  }
  if (time) said.push('from' in time ? `from ${time.from} to ${time.until}` : `at ${listed(time)}`)
  const before = {
    weather: 'when',
    weekday: 'on',
    season: 'in',
    occasion: 'at',
    device: 'on',
    place: 'at',
    recipient: 'for',
  }
  for (const name of wordNames) {
    const words = condition[name]
    if (words) said.push(`${before[name]} ${listed(words)}`)
  }
  return said.join(', ')
}

const listed = (words: readonly string[]) => words.join(' or ')

function invalid(field: string, got: unknown, expected: string): HabitueError {
  const shown = (JSON.stringify(got) ?? 'nothing').slice(0, 80).toWellFormed()
  return new HabitueError('invalid_fact', `The fact has ${field} = ${shown}; expected ${expected}.`, {
    field,
    expected,
  })
}
