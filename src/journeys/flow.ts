/** Steps compiled, and their flow: where it leads nowhere, is never reached, or goes round and round. */
import { type ActionKind, type ActionSteps, actionKinds } from './actions.ts'
import { type ActionStep, END, type Named, type Step, type Wait } from './journey.ts'
import type { Parts, Path } from './parts.ts'
import type { StepForm, WaitForm } from './schema.ts'

const kinds = [...actionKinds, 'wait', 'branch', 'split', 'end'] as const

/** In the order in which they stand. */
export function compileSteps(forms: readonly StepForm[], parts: Parts): Step[] {
  const named = nameSteps(forms, parts)
  const steps = named.map((step, i) => compileStep(step, forms[i], ['steps', i], parts))
  checkTargets(steps, parts)
  checkReached(steps, parts)
  checkLoops(steps, parts)
  return steps
}

/** A step without a name is called by its kind and number. */
function nameSteps(forms: readonly StepForm[], { tell }: Parts): Named[] {
  const counts = new Map<string, number>()
  const names = forms.map((form, i) => {
    const kind = kinds.find((one) => form[one] !== undefined) ?? 'step'
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    const name = form.name ?? `${kind}-${count}`
    if (name === END) tell(['steps', i, 'name'], '`end` is where a journey ends; call the step something else.')
    return name
  })
  for (const [i, name] of names.entries())
    if (names.indexOf(name) !== i) tell(['steps', i, 'name'], `Two steps are called ${name}.`)
  return forms.map((form, i) => ({ name: names[i], next: form.next ?? names[i + 1] ?? END }))
}

function compileStep(named: Named, form: StepForm, path: Path, parts: Parts): Step {
  const present = kinds.filter((kind) => form[kind] !== undefined)
  const [kind] = present
  if (present.length !== 1)
    parts.tell(path, `A step is one of ${kinds.join(', ')}; got ${present.join(' and ') || 'none'}.`)
  if (form.suppressed !== undefined && !actionKinds.includes(kind as ActionKind))
    parts.tell([...path, 'suppressed'], 'Only what acts can be suppressed.')
  if (form.wait) return { ...named, kind: 'wait', wait: compileWait(form.wait, named, [...path, 'wait'], parts) }
  if (form.branch) {
    const cases = form.branch.map(({ when, next }, n) => ({
      when: parts.expression(when, 'bool', [...path, 'branch', n, 'when']),
      next,
    }))
    return { ...named, kind: 'branch', cases }
  }
  if (form.split) {
    const sum = form.split.reduce((total, { share }) => total + share, 0)
    if (sum > 1 + 1e-9) parts.tell([...path, 'split'], `The shares come to ${sum}; expected at most 1.`)
    return { ...named, kind: 'split', parts: form.split }
  }
  if (kind === undefined || kind === 'end') return { ...named, next: END, kind: 'end', outcome: form.end ?? '' }
  return compileAction(named, kind as ActionKind, form, path, parts)
}

function compileAction(named: Named, action: ActionKind, form: StepForm, path: Path, parts: Parts): ActionStep {
  const options = parts.filled<ActionSteps[ActionKind]>(form[action], [...path, action])
  // With nothing decided there is nothing to say, unless the definition says otherwise.
  const ends = action === 'decide' && form.decide?.required !== false
  return { ...named, kind: 'action', action, options, suppressed: form.suppressed ?? (ends ? END : named.next) }
}

function compileWait(form: WaitForm, { next }: Named, path: Path, parts: Parts): Wait {
  const present = (['for', 'until', 'date', 'event'] as const).filter((kind) => form[kind] !== undefined)
  if (present.length !== 1)
    parts.tell(path, `A wait is one of for, until, date, event; got ${present.join(' and ') || 'none'}.`)
  checkBelonging(form, path, parts)
  if (form.until !== undefined) return { kind: 'until', at: form.until, on: form.on ?? [] }
  if (form.date !== undefined)
    return {
      kind: 'date',
      date: parts.expression(form.date, 'any', [...path, 'date']),
      before: parts.span(form.before, [...path, 'before']),
    }
  if (form.event === undefined) return { kind: 'for', duration: parts.duration(form.for ?? '1 s', [...path, 'for']) }
  if (form.atMost === undefined) parts.tell(path, 'A wait for an event needs `atMost`: nobody waits for ever.')
  return {
    kind: 'event',
    match: parts.match({ event: form.event, when: form.when }, path),
    item: form.item === undefined ? null : parts.filled<string>(form.item, [...path, 'item']),
    atMost: parts.duration(form.atMost ?? '1 s', [...path, 'atMost']),
    late: form.late ?? next,
  }
}

const belongs = { on: 'until', before: 'date', when: 'event', item: 'event', atMost: 'event', late: 'event' } as const

/** Settings that belong to another kind of wait do nothing: whoever wrote them expected something. */
function checkBelonging(form: WaitForm, path: Path, { tell }: Parts): void {
  for (const name of Object.keys(belongs) as (keyof typeof belongs)[])
    if (form[name] !== undefined && form[belongs[name]] === undefined)
      tell([...path, name], `\`${name}\` belongs to a wait with \`${belongs[name]}\`.`)
}

/** Where a step may lead, and by which setting. */
function targets(step: Step): { readonly to: string; readonly path: Path }[] {
  const next = { to: step.next, path: ['next'] }
  if (step.kind === 'end') return []
  if (step.kind === 'branch')
    return [...step.cases.map((one, n) => ({ to: one.next, path: ['branch', n, 'next'] })), next]
  if (step.kind === 'split') {
    const sum = step.parts.reduce((total, { share }) => total + share, 0)
    const parts = step.parts.map((one, n) => ({ to: one.next, path: ['split', n, 'next'] }))
    return sum >= 1 - 1e-9 ? parts : [...parts, next]
  }
  if (step.kind === 'wait')
    return step.wait.kind === 'event' ? [next, { to: step.wait.late, path: ['wait', 'late'] }] : [next]
  return [next, { to: step.suppressed, path: ['suppressed'] }]
}

function checkTargets(steps: readonly Step[], { tell }: Parts): void {
  const names = new Set([...steps.map(({ name }) => name), END])
  for (const [i, step] of steps.entries())
    for (const { to, path } of targets(step))
      if (!names.has(to)) tell(['steps', i, ...path], `There is no step ${to}; there are ${[...names].join(', ')}.`)
}

function checkReached(steps: readonly Step[], { tell }: Parts): void {
  const byName = new Map(steps.map((step) => [step.name, step]))
  const reached = new Set<string>()
  const queue = [steps[0].name]
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const step = byName.get(name)
    if (step === undefined || reached.has(name)) continue
    reached.add(name)
    queue.push(...targets(step).map(({ to }) => to))
  }
  for (const [i, { name }] of steps.entries())
    if (!reached.has(name)) tell(['steps', i], `Nothing leads to the step ${name}.`)
}

/** A round without a wait would be walked for ever in an instant. */
function checkLoops(steps: readonly Step[], { tell }: Parts): void {
  const byName = new Map(steps.map((step, i) => [step.name, { step, i }]))
  const state = new Map<string, 'open' | 'done'>()
  const visit = (name: string, trail: readonly string[]): void => {
    const found = byName.get(name)
    if (found === undefined || found.step.kind === 'wait' || state.get(name) === 'done') return
    if (state.get(name) === 'open') {
      const round = [...trail.slice(trail.indexOf(name)), name].join(' -> ')
      tell(['steps', found.i], `${round} goes round without a wait.`)
      return
    }
    state.set(name, 'open')
    for (const { to } of targets(found.step)) visit(to, [...trail, name])
    state.set(name, 'done')
  }
  for (const { name } of steps) visit(name, [])
}
