/** What a definition names that is not there: told with its place. Some of it may come later, some never will. */
import type { Config } from '../config.ts'
import type { Reader } from '../db/database.ts'
import { placementNames } from '../decisions/request.ts'
import { kindOf } from '../events/kinds.ts'
import { lengthOf } from '../journeys/duration.ts'
import type { Journey } from '../journeys/journey.ts'
import type { StepForm } from '../journeys/schema.ts'
import { invalidJourney, type Source } from '../journeys/source.ts'
import { builtInNames } from '../messages/built-in.ts'
import { currentTemplates } from '../messages/template-store.ts'
import { storedSegments } from '../segments/store.ts'
import { listSurveys } from '../surveys/store.ts'

const dayMs = 86_400_000
const channels = ['email', 'webhook', 'on-site']

/** @throws HabitueError invalid_journey where a placement, a channel or an event is none, or an occasion is told too late */
export function checkNames({ form, trigger }: Journey, source: Source, { moments }: Pick<Config, 'moments'>): void {
  const wrong = form.steps.flatMap((step, i) =>
    wrongNames(step).map(({ path, message }) => ({ path: ['steps', i, ...path], message })),
  )
  const lead = trigger.kind === 'event' ? trigger.lead : null
  if (lead !== null && lengthOf(lead) > moments.occasionLeadDays * dayMs)
    wrong.push({
      path: ['trigger', 'lead'],
      message: `The lead is ${form.trigger.lead}, and an occasion is told ${moments.occasionLeadDays} days before it (moments.occasionLeadDays); expected at most that.`,
    })
  const troubles = wrong.map(({ path, message }) => ({ ...source.place(path), path: path.join('/'), message }))
  if (troubles.length > 0) throw invalidJourney(troubles)
}

function wrongNames({ decide, message, survey, fact }: StepForm) {
  const found: { path: string[]; message: string }[] = []
  const names: readonly string[] = placementNames
  if (decide && !names.includes(decide.placement))
    found.push({
      path: ['decide', 'placement'],
      message: `There is no placement ${decide.placement}; there are ${names.join(', ')}.`,
    })
  for (const [kind, channel] of Object.entries({ message: message?.channel, survey: survey?.channel }))
    if (channel !== undefined && !channels.includes(channel))
      found.push({
        path: [kind, 'channel'],
        message: `There is no channel ${channel}; there are ${channels.join(', ')}.`,
      })
  if (fact && kindOf(fact.event)?.name !== fact.event)
    found.push({ path: ['fact', 'event'], message: `There is no event ${fact.event} in docs/events.md.` })
  return found
}

/** Templates, surveys and segments that are not there yet, and a shop that takes no orders, in sentences. */
export async function missing(
  reader: Reader,
  { form }: Journey,
  { orders }: Pick<Config, 'orders'>,
): Promise<string[]> {
  const templates = form.steps.flatMap(({ message, survey }) => message?.template ?? survey?.template ?? [])
  const surveys = form.steps.flatMap(({ survey }) => survey?.survey ?? [])
  const segments = [form.trigger.segment ?? []].flat()
  const known = {
    template: templates.length > 0 ? (await currentTemplates(reader)).map(({ name }) => name) : [],
    survey: surveys.length > 0 ? (await listSurveys(reader)).map(({ name }) => name) : [],
    segment: segments.length > 0 ? (await storedSegments(reader)).map(({ name }) => name) : [],
  }
  const builtIn: readonly string[] = Object.values(builtInNames)
  const named = [
    ...templates.filter((name) => !builtIn.includes(name)).map((name) => ({ kind: 'template', name }) as const),
    ...surveys.map((name) => ({ kind: 'survey', name }) as const),
    ...segments.map((name) => ({ kind: 'segment', name }) as const),
  ]
  const gone = named.filter(({ kind, name }) => !known[kind].includes(name))
  const isOrdered = form.steps.some(({ message }) => message?.reorder)
  return [
    ...new Set(gone.map(({ kind, name }) => `There is no ${kind} ${name} yet.`)),
    ...(isOrdered && orders.webhook === null
      ? ['Nobody takes orders (orders.webhook is not set): its mail goes without the link to order again.']
      : []),
  ]
}
