/**
 * What an event says of consent: answers to purposes, a signal of the browser, an age. Named events say it in their
 * properties; any event may bring the state of a consent banner (`context.consent.categoryPreferences`) or Global Privacy
 * Control (`context.gpc`, the header `Sec-GPC`).
 */
import type { Answer, AnswerRow } from '../consent/answers.ts'
import { ageOf, bornOn, bornWithAge, toldAge } from '../consent/audience.ts'
import { type Policy, profileChannel, purposeOfText } from '../consent/policy.ts'
import { HabitueError } from '../errors.ts'
import type { AdmittedEvent, EventBody, IncomingEvent, Signals } from './event.ts'
import { describe, type Fields, isObject } from './message.ts'
import { timeOf } from './time.ts'

/** An answer as an event gives it; who gave it and when is known elsewhere. */
export type Given = Pick<
  AnswerRow,
  'purpose' | 'channel' | 'answer' | 'basis' | 'source' | 'wording' | 'proof' | 'expires' | 'born'
>

const mostCategories = 50
const longestText = 500
const bases: ReadonlySet<unknown> = new Set(['consent', 'contract', 'legitimate-interest'])

/** Undefined where the context says nothing, which is nearly always. */
export function signalsOf(context: Fields): Signals | undefined {
  const gpc = context.gpc === true || context.gpc === 1 || context.gpc === '1' || undefined
  const preferences = isObject(context.consent) ? context.consent.categoryPreferences : undefined
  if (gpc === undefined && !isObject(preferences)) return undefined
  const entries = isObject(preferences) ? Object.entries(preferences).slice(0, mostCategories) : []
  const given = entries.filter((entry): entry is [string, boolean] => typeof entry[1] === 'boolean')
  return { gpc, categories: given.length > 0 ? Object.fromEntries(given) : undefined }
}

/** What is told of an age by the way, by the name of its event. */
const sources: Readonly<Record<string, string>> = {
  'Occasion Added': 'occasion',
  'Fact Told': 'fact',
  'Fact Corrected': 'fact',
}

/** What the named events answer. */
const answering: Readonly<Record<string, Answer>> = {
  'Consent Given': 'granted',
  'Consent Withdrawn': 'denied',
  'Consent Reset': 'unset',
}
/** They want no more messages on a channel. */
const suppressing: ReadonlySet<string> = new Set(['Unsubscribed', 'Email Marked as Spam'])
/** What a trait must be called for an identify to be read. */
const agedTraits =
  /"(?:birth|date_?of_?birth|dob|age|audience|band|minor|is_?minor|underage|child|is_?child|adult|is_?adult)/i

/**
 * What the event itself answers. Its body is parsed only where its name, or a trait's, tells that there is something.
 * @throws HabitueError invalid_event where an answer cannot be understood
 */
export function answersIn(event: IncomingEvent, policy: Policy): readonly Given[] {
  const { type, name, time, body } = event
  if (type === 'identify') return agedTraits.test(body) ? ageIn(propertiesOf(body), time, policy, 'trait') : none
  if (type !== 'track') return none
  if (name === 'Audience Told') {
    const properties = propertiesOf(body)
    const told = ageIn(properties, time, policy, text(properties.source) ?? 'api')
    if (told.length > 0) return told
    const expected = 'birthday (YYYY-MM-DD), age, or audience (minor, adult, child, teen, 13-15)'
    throw new HabitueError('invalid_event', `The age that was told cannot be understood; expected ${expected}.`)
  }
  if (name === 'Occasion Added') return birthdayIn(propertiesOf(body), time)
  if (name === 'Fact Told' || name === 'Fact Corrected')
    return agedFact.test(body) ? ageOfFact(propertiesOf(body), time) : none
  const isAnswer = Object.hasOwn(answering, name) || suppressing.has(name)
  return isAnswer ? answersAgain({ name, properties: propertiesOf(body) }) : none
}

/**
 * What an event answers that was understood when it came in; `born` = what was understood of an age then, undefined where
 * it told none.
 */
export function answersAgain(
  { name, properties }: Pick<AdmittedEvent, 'name' | 'properties'>,
  born?: number | null,
): readonly Given[] {
  if (born !== undefined) return [aged(born, text(properties.source) ?? sources[name] ?? 'trait')]
  return suppressing.has(name) ? [suppressed(properties)] : purposesIn(name, properties)
}

const none: readonly Given[] = []

function propertiesOf(body: string): Fields {
  return (JSON.parse(body) as EventBody).properties ?? {}
}

function purposesIn(name: string, properties: Fields): Given[] {
  const answer = answering[name]
  const given = properties.purposes ?? properties.purpose
  const list = Array.isArray(given) ? given : given === undefined || given === null ? [] : [given]
  // Whoever takes everything back need not say what there is.
  const texts =
    list.length === 0 && answer === 'denied' ? ['personalisation', 'marketing', 'training', 'research'] : list
  if (texts.length === 0)
    throw unclear('purposes', given, 'a list of purposes, such as ["personalisation", "marketing:email"]')
  const expires = timeOf(properties.expires)
  if (Number.isNaN(expires)) throw unclear('expires', properties.expires, 'a time in ISO 8601')
  const basis = properties.basis ?? 'consent'
  if (!bases.has(basis)) throw unclear('basis', basis, 'consent, contract or legitimate-interest')
  const own = typeof properties.channel === 'string' ? properties.channel : ''
  return texts.map((one) => {
    const named =
      typeof one === 'string' ? purposeOfText(own !== '' && one === 'marketing' ? `marketing:${own}` : one) : null
    if (named === null)
      throw unclear('purposes', one, 'service, personalisation, marketing, marketing:<channel>, training or research')
    return { ...named, answer, basis: basis as string, ...sourced(properties, 'event'), expires, born: null }
  })
}

function suppressed(properties: Fields): Given {
  const channel = text(properties.channel)?.toLowerCase() ?? 'email'
  const named = purposeOfText(`marketing:${channel}`) ?? { purpose: 'marketing' as const, channel: 'email' }
  return {
    ...named,
    answer: 'denied',
    basis: 'consent',
    ...sourced(properties, 'unsubscribe'),
    expires: null,
    born: null,
  }
}

function sourced(properties: Fields, otherwise: string): Pick<Given, 'source' | 'wording' | 'proof'> {
  return {
    source: text(properties.source) ?? otherwise,
    wording: text(properties.wording ?? properties.text_version),
    proof: text(properties.proof),
  }
}

function ageIn(fields: Fields, time: number, policy: Policy, source: string): readonly Given[] {
  const told = toldAge(fields, time, policy)
  return told === undefined ? none : [aged(told.born, source)]
}

/** A birthday of the customer himself, told with its year. */
function birthdayIn(properties: Fields, time: number): readonly Given[] {
  const isOwn = !properties.recipient && /^birth/i.test(text(properties.occasion) ?? '')
  const born = isOwn ? bornOn(properties.date, time) : null
  if (born !== null) return [aged(born, 'occasion')]
  const age = isOwn ? ageOf(properties.age) : null
  return age === null ? none : [aged(bornWithAge(age, time), 'occasion')]
}

/** Subjects of facts that tell an age. */
const agedFact = /"subject":\s*"(?:birth|date of birth|age")/i

/** A fact of the customer himself: his birthday, or his age. */
function ageOfFact(properties: Fields, time: number): readonly Given[] {
  if (properties.recipient) return none
  const isAge = /^age$/i.test(text(properties.subject) ?? '')
  const age = isAge ? ageOf(properties.value) : null
  const born = isAge ? (age === null ? null : bornWithAge(age, time)) : bornOn(properties.value, time)
  return born === null ? none : [aged(born, 'fact')]
}

function aged(born: number | null, source: string): Given {
  return {
    purpose: 'audience',
    channel: '',
    answer: 'told',
    basis: '',
    source,
    wording: null,
    proof: null,
    expires: null,
    born,
  }
}

/** What the categories of a banner answer, by the shop's mapping; of a purpose with several categories all must be on. */
export function answersOfCategories(categories: Readonly<Record<string, boolean>>, policy: Policy): Given[] {
  const allowed = new Map<string, boolean>()
  for (const [category, on] of Object.entries(categories)) {
    const purposes = Object.hasOwn(policy.categories, category) ? policy.categories[category] : []
    for (const purpose of purposes) allowed.set(purpose, on && (allowed.get(purpose) ?? true))
  }
  return [...allowed].flatMap(([purpose, on]) => {
    const named = purposeOfText(purpose)
    return named === null ? [] : [{ ...named, answer: on ? 'granted' : 'denied', ...plain('categories') } as Given]
  })
}

/** What Global Privacy Control denies. */
export const answersOfSignal: readonly Given[] = [
  { purpose: 'research', channel: '', answer: 'denied', ...plain('gpc') },
  { purpose: 'marketing', channel: profileChannel, answer: 'denied', ...plain('gpc') },
]

function plain(source: string): Pick<Given, 'basis' | 'source' | 'wording' | 'proof' | 'expires' | 'born'> {
  return { basis: 'consent', source, wording: null, proof: null, expires: null, born: null }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, longestText) : null
}

function unclear(field: string, got: unknown, expected: string): HabitueError {
  return new HabitueError('invalid_event', `The field "${field}" is ${describe(got)}; expected ${expected}.`, { field })
}
