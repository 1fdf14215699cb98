/** A definition -> a journey that is ready to run, or the list of all that is wrong with it, each with its place. */
import { Compile } from 'typebox/compile'
import { compileSteps } from './flow.ts'
import { ABSENCE, END, type Journey, NOT_ENTERED, type Step, type Trigger } from './journey.ts'
import { Parts, type Path } from './parts.ts'
import { DefinitionForm, type TriggerForm } from './schema.ts'
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
  const own = compileSteps(form.steps, parts)
  const exits = (form.exit ?? []).map((match, i) => parts.match(match, ['exit', i]))
  const steps = [...beforeFirst(trigger, own[0].name), ...own]
  const waits = steps.flatMap((step) => (step.kind === 'wait' && step.wait.kind === 'event' ? [step.wait.match] : []))
  return {
    id,
    version,
    form,
    trigger,
    purpose: form.purpose ?? 'personalisation',
    once: compileOnce(form.once, parts),
    again: parts.span(form.again, ['again']),
    holdout: form.holdout ?? 0,
    exits,
    steps: new Map(steps.map((step) => [step.name, step])),
    first: steps[0].name,
    triggers: triggerNames(trigger),
    hears: new Set([...exits, ...waits].flatMap(({ names }) => [...names])),
    uses: parts.uses,
    warnings: warningsOf(form.trigger, form.once),
  }
}

function compileOnce(once: DefinitionForm['once'], parts: Parts): Journey['once'] {
  if (once === undefined || typeof once === 'string') return { per: once ?? 'customer' }
  return { key: parts.expression(once.key, 'any', ['once', 'key']) }
}

/** Of an absence: whoever does it in time never enters. */
function beforeFirst(trigger: Trigger, first: string): Step[] {
  if (trigger.kind !== 'event' || trigger.absence === null) return []
  const { match, atMost } = trigger.absence
  return [
    {
      name: ABSENCE,
      next: NOT_ENTERED,
      kind: 'wait',
      wait: { kind: 'event', match, item: null, atMost, late: first },
    },
    { name: NOT_ENTERED, next: END, kind: 'end', outcome: NOT_ENTERED },
  ]
}

/** What is no error, and is seldom meant. */
function warningsOf(trigger: TriggerForm, once: DefinitionForm['once']): string[] {
  const names = [trigger.event ?? []].flat()
  const everybody = names.filter((name) => ['identify', 'page', 'screen'].includes(name))
  const isBare = trigger.when === undefined && trigger.count === undefined
  return [
    ...(trigger.historical ? ['Imports count: importing a history enters everybody who is in it at once.'] : []),
    ...(trigger.every !== undefined && trigger.segment === undefined
      ? [`It has no segment: every customer enters, all at the same time, each ${trigger.every}.`]
      : []),
    ...(everybody.length > 0 && isBare
      ? [`Every ${everybody.join(', ')} begins it, without a condition: every visitor enters.`]
      : []),
    ...(once === 'event' && names.length > 0 && isBare
      ? ['Every such event begins it anew, as often as it happens.']
      : []),
  ]
}
