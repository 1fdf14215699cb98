/**
 * What the buttons of a customer's page do: the same as the API, under the customer's own name. Answers an entry of `done` in
 * the catalogue of words.
 */
import { type Engine, type Identifier, type MemoryStatement, memoryParts } from '../../engine-api.ts'
import { HabitueError } from '../../errors.ts'
import type { Action } from '../permissions.ts'
import { refusable } from './consent.ts'
import { correctedValue } from './correction.ts'
import { consentWording } from './english.ts'
import { isGuarded, teller } from './view.ts'

/** Why a form was not obeyed: an entry of `failures` in the catalogue of words. */
export class Refused extends Error {
  readonly failure: string
  constructor(failure: string) {
    super(`The page's form was refused: ${failure}`)
    this.failure = failure
  }
}

export interface Acting {
  readonly engine: Engine
  readonly who: Identifier
  readonly form: URLSearchParams
  readonly language: string
  /** Whether what is asked for by a code is open. */
  readonly isOpen: boolean
}

interface Act {
  /** As the audit log names it. */
  readonly action: Action
  run(acting: Acting): Promise<string>
}

const facts = (run: Act['run']): Act => ({ action: 'facts.write', run })
const consents = (run: Act['run']): Act => ({ action: 'consent.write', run })

/** Own properties only: the name comes from a form. */
export const acts: Readonly<Record<string, Act>> = {
  delete: facts(async (acting) => {
    const { id } = await statementOf(acting)
    await acting.engine.facts.remove(acting.who, id, teller)
    return 'delete'
  }),
  correct: facts(async (acting) => {
    const statement = await statementOf(acting)
    const value = correctedValue(statement, acting.form)
    if (value === null) throw new Refused('empty')
    await acting.engine.facts.correct(acting.who, statement.id, { value, channel: teller.channel }, teller)
    return 'correct'
  }),
  never: facts(async (acting) => {
    const item = acting.form.get('item')
    const subject = item ? { item } : subjectOf((await statementOf(acting)).subject)
    const told = { kind: 'preference', subject, value: 'never', provenance: 'told' }
    await acting.engine.facts.tell(acting.who, told, teller)
    return 'never'
  }),
  forget: facts(async ({ engine, who, form }) => {
    await engine.facts.forget(who, filled(form, 'item'), true, teller)
    return 'forget'
  }),
  'tell-never': facts(async ({ engine, who, form }) => {
    const told = { kind: 'preference', subject: filled(form, 'text'), value: 'never', provenance: 'told' }
    await engine.facts.tell(who, told, teller)
    return 'tell'
  }),
  'tell-quirk': facts(async ({ engine, who, form }) => {
    await engine.facts.tell(who, { kind: 'quirk', value: filled(form, 'text'), provenance: 'told' }, teller)
    return 'tell'
  }),
  answer: facts((acting) => answered(acting, filled(acting.form, 'answer'), false)),
  decline: facts((acting) => answered(acting, undefined, true)),
  grant: consents((acting) => consented(acting, [filled(acting.form, 'purpose')], 'granted')),
  deny: consents((acting) => consented(acting, [filled(acting.form, 'purpose')], 'denied')),
  'agree-to': facts((acting) => askedConsent(acting, 'granted')),
  'refuse-to': facts((acting) => askedConsent(acting, 'denied')),
  'end-visit': facts(async ({ engine, who }) => {
    engine.page.endVisit(who)
    return 'delete'
  }),
  'keep-off': consents((acting) => consented(acting, ['personalisation', 'training', 'research'], 'denied')),
  'refuse-all': consents(async (acting) => {
    const { engine, who } = acting
    const { purposes } = (await engine.consent.get(who)) ?? engine.page.unasked()
    const memory = await engine.facts.memory(who)
    // What he agreed to apart goes first: without personalisation nothing more might be told.
    for (const { kind, id, value } of memory?.parts.taste ?? [])
      if (kind === 'consent' && value === 'granted') await engine.facts.correct(who, id, { value: 'denied' }, teller)
    return consented(
      acting,
      purposes.filter(refusable).map(({ purpose }) => purpose),
      'denied',
    )
  }),
}

/** The statement that the form is about, as far as this visitor may see it. */
async function statementOf({ engine, who, form, isOpen }: Acting): Promise<MemoryStatement> {
  const id = filled(form, 'fact')
  const memory = await engine.facts.memory(who)
  for (const part of memoryParts) {
    const found = memory?.parts[part].find((statement) => statement.id === id)
    if (found && (isOpen || !isGuarded(part, found))) return found
    if (found) throw new Refused('code_required')
  }
  throw new HabitueError('not_found', 'Nothing of this customer has this id.')
}

function subjectOf(subject: string): unknown {
  if (subject.startsWith('item:')) return { item: subject.slice(5) }
  if (subject.startsWith('category:')) return { category: subject.slice(9) }
  if (!subject.startsWith('attribute:')) return subject
  const [attribute, value] = subject.slice(10).split('=', 2)
  return { attribute, value }
}

/** Looking at the page does not count as asking; answering does, so it is asked before it is answered. */
async function answered({ engine, who, form }: Acting, answer: unknown, declined: boolean): Promise<string> {
  const question = filled(form, 'question')
  const open = await engine.questions.ask(who, { peek: false }, teller)
  if (open?.id !== question) throw new HabitueError('not_found', 'The question is not open any more.')
  await engine.questions.answer(who, { question, answer, declined }, teller)
  return declined ? 'decline' : 'answer'
}

/** About a sensitive category, or a child: a fact, as told to anybody else. */
async function askedConsent({ engine, who, form, isOpen }: Acting, value: 'granted' | 'denied'): Promise<string> {
  const name = filled(form, 'name')
  const isChild = filled(form, 'about') === 'child'
  if (isChild && !isOpen) throw new Refused('code_required')
  const about = isChild ? { subject: 'choices', recipient: name } : { subject: { category: name } }
  await engine.facts.tell(who, { kind: 'consent', ...about, value, provenance: 'told' }, teller)
  return 'consent'
}

async function consented(
  { engine, who, language }: Acting,
  purposes: readonly string[],
  answer: 'granted' | 'denied',
): Promise<string> {
  if (answer === 'denied' && purposes.includes('personalisation')) engine.page.endVisit(who)
  const answers = Object.fromEntries(purposes.map((purpose) => [purpose, answer]))
  await engine.consent.answer(who, { answers, source: 'page', wording: `${consentWording} ${language}` }, teller)
  return 'consent'
}

/** @throws Refused where the field is absent or empty */
function filled(form: URLSearchParams, name: string): string {
  const text = form.get(name)?.trim() ?? ''
  if (text === '') throw new Refused('empty')
  return text
}
