/** A definition -> a journey that is ready to run, or the list of all that is wrong with it, each with its place. */
import { Compile } from 'typebox/compile'
import { defaultPriority } from '../messages/message.ts'
import { compileSteps } from './flow.ts'
import { ABSENCE, END, type Journey, LEAD, NOT_ENTERED, type Step, type Trigger } from './journey.ts'
import { Parts, type Path } from './parts.ts'
import { DefinitionForm, type StepForm, type TriggerForm } from './schema.ts'
import { invalidJourney, type Source, type Trouble } from './source.ts'
import { compileTrigger, triggerNames } from './trigger-form.ts'

const form = Compile(DefinitionForm)

/** @throws HabitueError invalid_journey, which lists everything that is wrong */
export function compileJourney(source: Source, id: string, version: number): Journey {
  const { value } = source
  const troubles: Trouble[] = []
  const tell = (path: Path, message: string) => {
    troubles.push({ ...source.place(path), path: path.join('/'), message })
  }
  if (!form.Check(value)) {
    checkForm(value, tell)
    throw invalidJourney(distinct(troubles))
  }
  const journey = compileForm(value as DefinitionForm, id, version, new Parts(tell))
  if (troubles.length > 0) throw invalidJourney(troubles)
  return journey
}

function checkForm(value: unknown, tell: (path: Path, message: string) => void): void {
  for (const { instancePath, message, params } of form.Errors(value)) {
    const path = instancePath.split('/').slice(1)
    const unknown = (params as { additionalProperties?: string[] }).additionalProperties
    if (unknown) tell([...path, unknown[0]], `There is no setting ${unknown.join(', ')} here.`)
    else tell(path, `It ${message}; got ${shown(value, path)}.`)
  }
}

function shown(value: unknown, path: Path): string {
  let inner = value
  for (const part of path) inner = (inner as Record<string | number, unknown> | undefined)?.[part]
  return JSON.stringify(inner)?.slice(0, 60) ?? 'nothing'
}

/** A schema with alternatives says the same of each of them. */
function distinct(troubles: readonly Trouble[]): Trouble[] {
  return [...new Map(troubles.map((trouble) => [`${trouble.path}\n${trouble.message}`, trouble])).values()]
}

function compileForm(form: DefinitionForm, id: string, version: number, parts: Parts): Journey {
  if (form.journey !== undefined && form.journey !== id)
    parts.tell(['journey'], `It is called ${form.journey}, and was put as ${id}.`)
  const trigger = compileTrigger(form.trigger, parts)
  const own = compileSteps(
    form.steps.map((step) => withPriority(step, form.priority)),
    parts,
  )
  for (const [i, { message }] of form.steps.entries())
    if (message?.reorder && form.trigger.occasion === undefined)
      parts.tell(['steps', i, 'message', 'reorder'], '`reorder` repeats a present: it belongs to a trigger `occasion`.')
  const exits = (form.exit ?? []).map((match, i) => parts.match(match, ['exit', i]))
  const steps = [...beforeFirst(trigger, own[0].name, parts), ...own]
  const waits = steps.flatMap((step) => (step.kind === 'wait' && step.wait.kind === 'event' ? [step.wait.match] : []))
  return {
    id,
    version,
    form,
    trigger,
    purpose: form.purpose ?? 'personalisation',
    once: compileOnce(form, parts),
    again: parts.span(form.again, ['again']),
    priority: priorityOf(form),
    holdout: form.holdout ?? 0,
    exits,
    steps: new Map(steps.map((step) => [step.name, step])),
    first: steps[0].name,
    triggers: triggerNames(trigger, id),
    hears: new Set([...exits, ...waits].flatMap(({ names }) => [...names])),
    uses: parts.uses,
    warnings: warningsOf(form.trigger, form.once),
  }
}

/** What its messages say of themselves holds; what they leave open is the journey's. */
function withPriority(step: StepForm, priority: number | undefined): StepForm {
  if (priority === undefined) return step
  const { message, survey } = step
  return {
    ...step,
    ...(message && { message: { priority, ...message } }),
    ...(survey && { survey: { priority, ...survey } }),
  }
}

function priorityOf({ priority, steps }: DefinitionForm): number {
  const own = steps.flatMap(({ message, survey }) => message?.priority ?? survey?.priority ?? [])
  return priority ?? (own.length > 0 ? Math.max(...own) : defaultPriority)
}

function compileOnce({ once, trigger }: DefinitionForm, parts: Parts): Journey['once'] {
  // A schedule comes again by itself, and so do occasions.
  const usual = trigger.every !== undefined || trigger.occasion !== undefined ? 'event' : 'customer'
  if (once === undefined || typeof once === 'string') return { per: once ?? usual }
  return { key: parts.expression(once.key, 'any', ['once', 'key']) }
}

/** What a trigger itself waits for. Of an absence: whoever does it in time never enters. */
function beforeFirst(trigger: Trigger, first: string, parts: Parts): Step[] {
  if (trigger.kind !== 'event') return []
  const { absence, lead } = trigger
  const steps: Step[] = []
  if (lead !== null) {
    const date = parts.expression('event.properties.date', 'any', ['trigger', 'lead'])
    steps.push({ name: LEAD, next: first, kind: 'wait', wait: { kind: 'date', date, before: lead } })
  }
  if (absence !== null) {
    const { match, atMost } = absence
    const wait = { kind: 'event', match, item: null, atMost, late: first } as const
    steps.push(
      { name: ABSENCE, next: NOT_ENTERED, kind: 'wait', wait },
      { name: NOT_ENTERED, next: END, kind: 'end', outcome: NOT_ENTERED },
    )
  }
  return steps
}

/** What is no error, and is seldom meant. */
function warningsOf(trigger: TriggerForm, once: DefinitionForm['once']): string[] {
  const names = [trigger.event ?? []].flat()
  const everybody = names.filter((name) => ['identify', 'page', 'screen'].includes(name))
  const isBare = trigger.when === undefined && trigger.count === undefined
  return [
    ...(trigger.historical ? ['Imports count: importing a history enters everybody who is in it at once.'] : []),
    ...(trigger.every !== undefined && trigger.segment === undefined
      ? [
          `It has no segment: every customer enters, all at the same time, each ${typeof trigger.every === 'string' ? trigger.every : JSON.stringify(trigger.every)}.`,
        ]
      : []),
    ...(everybody.length > 0 && isBare
      ? [`Every ${everybody.join(', ')} begins it, without a condition: every visitor enters.`]
      : []),
    ...(once === 'event' && names.length > 0 && isBare
      ? ['Every such event begins it anew, as often as it happens.']
      : []),
  ]
}
