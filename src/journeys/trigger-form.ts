/** The trigger of a definition, compiled: exactly one kind, and only the settings that belong to it. */
import { impossibleRule } from '../calendar/date-in.ts'
import type { DateRule } from '../calendar/date-rule.ts'
import { lengthOf } from './duration.ts'
import type { Match, Trigger } from './journey.ts'
import type { Parts } from './parts.ts'
import type { EventMatch, TriggerForm } from './schema.ts'

const kinds = ['event', 'sequence', 'occasion', 'item', 'every', 'segment'] as const
type EventKind = 'event' | 'sequence' | 'occasion' | 'item'

/** Which settings each kind takes besides its own name. */
const settings: Readonly<Record<(typeof kinds)[number], readonly (keyof TriggerForm)[]>> = {
  event: ['when', 'count', 'within', 'without', 'for', 'latest', 'historical'],
  sequence: ['within', 'without', 'for', 'latest', 'historical'],
  occasion: ['when', 'lead', 'latest'],
  item: ['when', 'of', 'without', 'for', 'latest'],
  every: ['at', 'lead', 'segment'],
  segment: ['change'],
}

/** Told of each customer who waits for the item. */
const itemEvents = { 'back-in-stock': 'Back In Stock', 'price-dropped': 'Price Dropped' } as const

/** What is older when it arrives begins nothing, unless the definition says otherwise. */
const latestMs = 86_400_000
const path = ['trigger']

export function compileTrigger(form: TriggerForm, parts: Parts): Trigger {
  const kind = kindOf(form, parts)
  const latest = parts.span(form.latest, [...path, 'latest'])
  const rest = { latestMs: latest ? lengthOf(latest) : latestMs, historical: form.historical ?? false }
  if (kind === 'every') return { ...rest, kind, ...scheduleOf(form, parts) }
  if (kind === 'segment') {
    if (form.change === undefined) parts.tell(path, 'Say `change: entered` or `change: left` beside the segment.')
    return { ...rest, kind, segment: form.segment as string, change: form.change ?? 'entered' }
  }
  return { ...rest, kind: 'event', ...eventTrigger(form, kind, parts) }
}

function scheduleOf(form: TriggerForm, parts: Parts) {
  const every = form.every as string | DateRule
  const why = typeof every === 'string' ? null : impossibleRule(every)
  if (why !== null) parts.tell([...path, 'every'], `This date never comes: ${why}.`)
  const lead = parts.span(form.lead, [...path, 'lead'])
  const isDays = lead === null || (lead.days > 0 && lead.years + lead.months + lead.ms === 0)
  if (lead !== null && (typeof every === 'string' || !isDays))
    parts.tell([...path, 'lead'], '`lead` is a number of days before a date that recurs by rule.')
  return { every, leadDays: lead?.days ?? 0, at: form.at ?? '09:00', segment: form.segment ?? '' }
}

function kindOf(form: TriggerForm, { tell }: Parts): (typeof kinds)[number] {
  // A schedule is over a segment.
  const present = kinds.filter((kind) => form[kind] !== undefined && !(kind === 'segment' && form.every !== undefined))
  if (present.length !== 1)
    tell(path, `A trigger is one of ${kinds.join(', ')}; got ${present.join(' and ') || 'none'}.`)
  const [kind = 'event'] = present
  for (const name of Object.keys(form) as (keyof TriggerForm)[])
    if (name !== kind && !settings[kind].includes(name) && (present.length === 1 || !kinds.includes(name as EventKind)))
      tell([...path, name], `\`${name}\` does not belong to a trigger of the kind ${kind}.`)
  return kind
}

function eventTrigger(form: TriggerForm, kind: EventKind, parts: Parts) {
  const count = form.count ?? 1
  const within = parts.span(form.within, [...path, 'within'])
  if (count > 1 && within === null) parts.tell(path, '`count` needs `within`: the second within how long?')
  if (count === 1 && kind === 'event' && within !== null) parts.tell(path, '`within` needs `count`.')
  if ((form.without === undefined) !== (form.for === undefined))
    parts.tell(path, 'An absence is `without` an event `for` a span of time: one of them is missing.')
  const absence =
    form.without && form.for
      ? { match: parts.match(form.without, [...path, 'without']), atMost: parts.duration(form.for, [...path, 'for']) }
      : null
  const lead = parts.span(form.lead, [...path, 'lead'])
  const sequence = sequenceOf(form, kind, parts)
  checkItems(sequence, count, kind, parts)
  return { sequence, count, within, lead, absence }
}

/** The catalogue is asked for the item of the event that begins it, and not for those of years of events before. */
function checkItems(sequence: readonly Match[], count: number, kind: EventKind, { tell }: Parts): void {
  for (const [i, { when }] of sequence.entries()) {
    const isLast = i === sequence.length - 1 && count === 1
    if (isLast || !when?.uses.roots.has('item')) continue
    const place = kind === 'sequence' ? [...path, 'sequence', i, 'when'] : [...path, 'when']
    tell(place, '`item` is known of the event that begins it, not of those before it; `event.items` has their ids.')
  }
}

function sequenceOf(form: TriggerForm, kind: EventKind, parts: Parts): Match[] {
  if (kind === 'sequence')
    return (form.sequence as EventMatch[]).map((match, i) => parts.match(match, [...path, 'sequence', i]))
  if (kind === 'event') return [parts.match({ event: form.event ?? [], when: form.when }, path)]
  const own = kind === 'occasion' ? occasionCondition(form) : itemCondition(form)
  const when = [own, form.when && `(${form.when})`].filter(Boolean).join(' && ')
  const event = kind === 'occasion' ? 'Occasion Due' : itemEvents[form.item ?? 'back-in-stock']
  return [parts.match(when === '' ? { event } : { event, when }, path)]
}

function occasionCondition({ occasion }: TriggerForm): string {
  return occasion === 'any' ? '' : `event.properties.occasion == ${JSON.stringify(occasion)}`
}

/** Why he waits for it: any of those that are listed. */
function itemCondition({ of }: TriggerForm): string {
  return of === undefined ? '' : `event.properties.reasons.exists(reason, reason in ${JSON.stringify(of)})`
}

/** The names under which what begins it arrives. */
export function triggerNames(trigger: Trigger, journey: string): ReadonlySet<string> {
  if (trigger.kind === 'event') return trigger.sequence[trigger.sequence.length - 1].names
  if (trigger.kind === 'segment') return new Set([segmentEvent(trigger.segment, trigger.change)])
  return new Set([scheduleEvent(journey)])
}

/** A change of a segment, as it arrives. */
export function segmentEvent(segment: string, change: 'entered' | 'left'): string {
  return `segment:${segment}:${change}`
}

/** Somebody's turn in the schedule of a journey. */
export function scheduleEvent(journey: string): string {
  return `schedule:${journey}`
}
