import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileSurvey, type SurveyDoc } from './definition.ts'
import { type Answers, answerOf, asked, pageBefore, pageFrom, pageMissing, readForm, shownAnswers } from './flow.ts'

const kinds = ['nps', 'stars', 'yesno', 'single', 'multiple', 'text', 'date'] as const
const choices = [
  { id: 'a', text: 'A' },
  { id: 'b', text: 'B' },
]
const condition = (q: number) => [
  `answers.q${q} == 'yes'`,
  `answers.q${q} > 3`,
  `'a' in answers.q${q}`,
  `answers.q${q} == null`,
]

/** Surveys whose conditions ask for questions of earlier pages. */
const survey = fc
  .array(
    fc.record({
      questions: fc.array(
        fc.record({ kind: fc.constantFrom(...kinds), required: fc.boolean(), on: fc.nat(20), form: fc.nat(7) }),
        { minLength: 1, maxLength: 3 },
      ),
      on: fc.nat(20),
      form: fc.nat(7),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((pages) => {
    let next = 0
    const doc: SurveyDoc = {
      title: 'T',
      pages: pages.map(({ questions, on, form }) => {
        const before = next
        const when = (q: number, which: number) =>
          before === 0 || which > 3 ? {} : { if: condition(q % before)[which] }
        return {
          ...when(on, form),
          questions: questions.map(({ kind, required, on: other, form: which }) => ({
            id: `q${next++}`,
            kind,
            text: 'Q',
            required,
            ...(kind === 'single' || kind === 'multiple' ? { choices } : {}),
            ...when(other, which),
          })),
        }
      }),
    }
    return compileSurvey('s', 1, doc)
  })
const typed = fc.constantFrom('', 'yes', 'no', '0', '5', '11', 'a', 'b', '2024-02-30', '2024-02-29', '<b>', ' ')

describe('the way through a survey', () => {
  it('ends for everybody who answers what is needed, and never asks what conditions hide', () => {
    fc.assert(
      fc.property(survey, fc.array(typed, { minLength: 60, maxLength: 60 }), (one, words) => {
        const answers: Record<string, Answers[string]> = {}
        let next = 0
        let page = pageFrom(one, 0, answers, 0)
        for (let steps = 0; page !== null; steps++) {
          // Each page is filled at most three times: with whatever was typed, then rightly.
          expect(steps).toBeLessThan(3 * one.pages.length + 3)
          const questions = asked(one, page, answers, 0)
          expect(questions.length).toBeGreaterThan(0)
          const form = new URLSearchParams()
          for (const question of questions) form.append(question.id, words[next++ % words.length])
          let read = readForm(questions, form)
          if (Object.keys(read.problems).length > 0) {
            for (const { id, kind } of questions)
              form.set(
                id,
                {
                  nps: '5',
                  stars: '5',
                  yesno: 'yes',
                  single: 'a',
                  multiple: 'a',
                  text: 'x',
                  date: '2024-02-29',
                  scale: '1',
                }[kind],
              )
            read = readForm(questions, form)
            expect(read.problems).toEqual({})
          }
          for (const [id, answer] of Object.entries(read.given))
            if (answer === null) delete answers[id]
            else answers[id] = answer
          const back = pageBefore(one, page, answers, 0)
          expect(back === null || back < page).toBe(true)
          page = pageFrom(one, page + 1, answers, 0) ?? pageMissing(one, answers, 0)
        }
        const shown = shownAnswers(one, answers, 0)
        for (const [p] of one.pages.entries())
          for (const { id, required } of asked(one, p, answers, 0)) if (required) expect(shown).toHaveProperty(id)
      }),
      { seed: 11, numRuns: 300 },
    )
  })

  it('takes an answer only where the question has it', () => {
    const question = (kind: (typeof kinds)[number] | 'scale', more: object = {}) => ({ kind, ...more })
    expect(answerOf(question('nps'), '10')).toBe(10)
    expect(answerOf(question('nps'), '11')).toBe(null)
    expect(answerOf(question('scale', { min: 2, max: 4 }), '1')).toBe(null)
    expect(answerOf(question('stars'), '0')).toBe(null)
    expect(answerOf(question('yesno'), 'maybe')).toBe(null)
    expect(answerOf(question('single', { choices }), 'other')).toBe(null)
    expect(answerOf(question('single', { choices, other: true }), 'other')).toBe('other')
    expect(answerOf(question('date'), '2023-02-29')).toBe(null)
    expect(answerOf(question('date'), '2024-02-29')).toBe('2024-02-29')
    expect(answerOf(question('text'), 'x'.repeat(2001))).toBe(null)
    expect(answerOf(question('text'), '\ud800')).toBe(null)
  })
})
