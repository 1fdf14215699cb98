/**
 * A survey as data: pages of questions, in one language or several, with conditions on earlier answers. Checked as a whole
 * when it is put; what is wrong is told with its place.
 */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { type Condition, compileCondition } from '../conditions/condition.ts'
import { HabitueError } from '../errors.ts'
import { parseFact } from '../memory/fact.ts'
import { answerChoices, factsOf } from './told.ts'

const closed = { additionalProperties: false } as const
const LanguageCode = Type.String({ pattern: '^[a-z]{2}$' })
const Words = Type.Union([
  Type.String({ minLength: 1, maxLength: 2000 }),
  Type.Record(LanguageCode, Type.String({ minLength: 1, maxLength: 2000 }), { minProperties: 1 }),
])
/** A text, or one by language: `{"en": "...", "de": "..."}`. */
export type Words = Static<typeof Words>

const Id = Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$', description: 'As conditions name it: answers.<id>.' })
const ChoiceId = Type.String({ pattern: '^[A-Za-z0-9][\\w .-]{0,59}$' })
const ConditionText = Type.String({
  minLength: 1,
  maxLength: 2000,
  description: 'CEL over earlier pages: answers.nps <= 6',
})

export const questionKinds = ['single', 'multiple', 'scale', 'nps', 'stars', 'text', 'yesno', 'date'] as const
export type QuestionKind = (typeof questionKinds)[number]

const Fact = Type.Object(
  {
    kind: Type.String({ maxLength: 50, description: 'docs/facts.md' }),
    subject: Type.Optional(Type.String({ maxLength: 300, description: '`{answer}` stands for the answer.' })),
    recipient: Type.Optional(Type.String({ maxLength: 200 })),
    value: Type.Optional(Type.Unknown({ description: 'Whatever was answered; absent = the answer itself.' })),
    values: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'By answer; one that is not here says nothing.' }),
    ),
  },
  closed,
)

const Question = Type.Object(
  {
    id: Id,
    kind: Type.Enum([...questionKinds]),
    text: Words,
    hint: Type.Optional(Words),
    required: Type.Optional(Type.Boolean({ description: 'False by default.' })),
    if: Type.Optional(ConditionText),
    choices: Type.Optional(
      Type.Array(Type.Object({ id: ChoiceId, text: Words }, closed), { minItems: 1, maxItems: 50 }),
    ),
    other: Type.Optional(
      Type.Boolean({ description: 'Of single: a further choice `other` with a text, kept as answers.<id>_other.' }),
    ),
    min: Type.Optional(Type.Integer({ minimum: 0, maximum: 10, description: 'Of scale: 1 by default.' })),
    max: Type.Optional(Type.Integer({ minimum: 1, maximum: 10, description: 'Of scale (5) and stars (5).' })),
    low: Type.Optional(Words),
    high: Type.Optional(Words),
    fact: Type.Optional(Fact),
  },
  closed,
)
export type Question = Static<typeof Question>

const Page = Type.Object(
  {
    title: Type.Optional(Words),
    if: Type.Optional(ConditionText),
    questions: Type.Array(Question, { minItems: 1, maxItems: 20 }),
  },
  closed,
)

export const SurveyDoc = Type.Object(
  {
    title: Words,
    intro: Type.Optional(Words),
    thanks: Type.Optional(Words),
    language: Type.Optional(Type.String({ pattern: '^[a-z]{2}$', description: 'Of texts that are one text; en.' })),
    days: Type.Optional(Type.Integer({ minimum: 1, maximum: 365, description: 'How long a link works: 30.' })),
    purpose: Type.Optional(
      Type.Enum(['marketing', 'service'], { description: 'Of the message that asks: marketing by default.' }),
    ),
    minors: Type.Optional(Type.Boolean({ description: 'Minors may be invited. False by default.' })),
    pages: Type.Array(Page, { minItems: 1, maxItems: 50 }),
  },
  closed,
)
export type SurveyDoc = Static<typeof SurveyDoc>

export interface CompiledQuestion extends Question {
  readonly condition: Condition | null
}
export interface CompiledPage {
  readonly title: Words | null
  readonly condition: Condition | null
  readonly questions: readonly CompiledQuestion[]
}
/** A checked definition with its conditions ready. */
export interface Survey {
  readonly name: string
  readonly version: number
  readonly doc: SurveyDoc
  readonly language: string
  readonly pages: readonly CompiledPage[]
}

export const defaultDays = 30
const check = Compile(SurveyDoc)

/** @throws HabitueError invalid_survey, with the place in the definition, what was got and what was expected */
export function checkSurvey(name: string, input: unknown): SurveyDoc {
  if (!/^[a-z][\w-]{0,59}$/.test(name))
    throw invalid('name', `is ${JSON.stringify(name.slice(0, 80))}; expected a word such as why-not-bought`)
  if (!check.Check(input)) {
    const errors = check.Errors(input)
    const first = errors.find(({ keyword }) => keyword !== 'boolean') ?? errors[0]
    const extra = first.keyword === 'additionalProperties' ? `: ${JSON.stringify(first.params)}` : ''
    throw invalid(placeOf(first.instancePath), `${first.message}${extra}`)
  }
  compileSurvey(name, 0, input)
  checkQuestions(input)
  return input
}

/** Of a definition that was checked. @throws HabitueError invalid_survey where a condition is none */
export function compileSurvey(name: string, version: number, doc: SurveyDoc): Survey {
  const compiled = (text: string | undefined, place: string): Condition | null => {
    if (text === undefined) return null
    try {
      return compileCondition(text, ['answers'])
    } catch (error) {
      if (error instanceof HabitueError) throw invalid(place, error.message, error.details)
      throw error
    }
  }
  const pages = doc.pages.map((page, p) => ({
    title: page.title ?? null,
    condition: compiled(page.if, `pages[${p}].if`),
    questions: page.questions.map((question, q) => ({
      ...question,
      condition: compiled(question.if, `pages[${p}].questions[${q}].if`),
    })),
  }))
  return { name, version, doc, language: doc.language ?? 'en', pages }
}

/** What the schema cannot say: ids once, choices where they belong, conditions on earlier pages only, facts of their form. */
function checkQuestions({ pages }: SurveyDoc): void {
  const earlier = new Set<string>()
  for (const [p, page] of pages.entries()) {
    checkNames(page.if, earlier, `pages[${p}].if`)
    const own: string[] = []
    for (const [q, question] of page.questions.entries()) {
      const place = `pages[${p}].questions[${q}]`
      checkNames(question.if, earlier, `${place}.if`)
      const ids = question.other ? [question.id, `${question.id}_other`] : [question.id]
      for (const id of ids)
        if (earlier.has(id) || own.includes(id)) throw invalid(`${place}.id`, `is ${id}, which another question has`)
      own.push(...ids)
      checkQuestion(question, place)
    }
    for (const id of own) earlier.add(id)
  }
}

function checkQuestion(question: Question, place: string): void {
  const { kind, choices, other, min = 1, max = 5, fact } = question
  const chooses = kind === 'single' || kind === 'multiple'
  if (chooses !== (choices !== undefined))
    throw invalid(`${place}.choices`, chooses ? `is absent; a ${kind} question needs them` : `is of no use to ${kind}`)
  const ids = choices?.map(({ id }) => id) ?? []
  if (new Set(ids).size < ids.length) throw invalid(`${place}.choices`, 'has an id twice')
  if (other && (kind !== 'single' || ids.includes('other')))
    throw invalid(`${place}.other`, 'is for single questions that have no choice named other')
  if (kind === 'scale' && min >= max) throw invalid(`${place}.max`, `is ${max}; expected more than min, ${min}`)
  if (!fact) return
  if (fact.value !== undefined && fact.values !== undefined)
    throw invalid(`${place}.fact`, 'has value and values; expected one of them')
  for (const answer of Object.keys(fact.values ?? {}))
    if (answerChoices(question)?.includes(answer) === false)
      throw invalid(`${place}.fact.values`, `has ${JSON.stringify(answer)}, which cannot be answered`)
  for (const answer of answerChoices(question) ?? [])
    for (const given of factsOf(question, kind === 'multiple' ? [answer] : answer))
      try {
        parseFact(given, 0, 'survey')
      } catch (error) {
        if (error instanceof HabitueError) throw invalid(`${place}.fact`, `with the answer ${answer}: ${error.message}`)
        throw error
      }
}

/** A page is drawn before its own questions are answered. */
function checkNames(text: string | undefined, earlier: ReadonlySet<string>, place: string): void {
  for (const [, name] of text?.matchAll(/\banswers\.([A-Za-z_]\w*)/g) ?? [])
    if (!earlier.has(name))
      throw invalid(
        place,
        `asks for answers.${name}; expected a question of an earlier page: ${[...earlier].join(', ') || 'there is none'}`,
      )
}

/** The text in the language, else in the survey's own, else any. */
export function wordsIn(
  words: Words,
  language: string,
  own: string,
): { readonly text: string; readonly language: string } {
  if (typeof words === 'string') return { text: words, language: own }
  const found = [language, own, ...Object.keys(words)].find((code) => Object.hasOwn(words, code)) as string
  return { text: words[found], language: found }
}

/** `/pages/0/questions/1` as people write it. */
function placeOf(path: string): string {
  const steps = path.split('/').slice(1)
  return (
    steps.map((step, i) => (/^\d+$/.test(step) ? `[${step}]` : i === 0 ? step : `.${step}`)).join('') || 'the survey'
  )
}

function invalid(place: string, what: string, more: Readonly<Record<string, unknown>> = {}): HabitueError {
  return new HabitueError('invalid_survey', `The survey is wrong at ${place}: ${what}`.replace(/[^.?!]$/, '$&.'), {
    ...more,
    place,
  })
}
