/** A page of a survey as HTML: no script; every question a group with its name, every trouble beside its question. */
import {
  type Answers,
  answerChoices,
  type CompiledQuestion,
  type Problem,
  type Survey,
  type Words,
  wordsIn,
} from '../../engine-api.ts'
import { escaped as e } from '../html.ts'
import { document, languageLinks } from './document.ts'
import type { Language } from './language.ts'
import { type SurveyWords, surveyWords } from './survey-words.ts'

export interface SurveyView {
  readonly language: Language
  readonly survey: Survey
  readonly page: number
  readonly back: number | null
  readonly questions: readonly CompiledQuestion[]
  readonly answers: Answers
  readonly problems: Readonly<Record<string, Problem>>
  /** Why nothing of it was kept; null = nothing is wrong. */
  readonly trouble: string | null
}

interface Drawing {
  readonly view: SurveyView
  readonly words: SurveyWords
  /** A text of the survey as HTML, marked where it is in another language than the page. */
  say(words: Words): string
}

export function wordsOf(language: Language): SurveyWords {
  return surveyWords[language.words.language]
}

export function renderSurvey(view: SurveyView): string {
  const { language, survey, page, back, questions } = view
  const code = language.words.language
  const say = (words: Words) => inLanguage(words, code, survey.language)
  const drawing: Drawing = { view, words: wordsOf(language), say }
  const { words } = drawing
  const { title, intro } = survey.doc
  const found = survey.pages[page]
  const isLast = page === survey.pages.length - 1
  const lead = page === 0 && intro !== undefined ? `<p>${say(intro)}</p>` : ''
  const heading = found.title === null ? '' : `<h2>${say(found.title)}</h2>`
  const goBack = back === null ? '' : `<a class="back" href="?page=${back}&amp;lang=${code}">${e(words.back)}</a>`
  const fields = questions.map((question) => `<div class="question">${field(drawing, question)}</div>`)
  const inner = `<header>${languageLinks(language.words)}<h1>${say(title)}</h1>${troubles(drawing)}${lead}</header>
<main><section class="block">${heading}<form method="post" action="?lang=${code}" autocomplete="off">
<input type="hidden" name="page" value="${page}">${fields.join('\n')}
<div class="row"><button class="now">${e(isLast ? words.send : words.next)}</button>${goBack}</div></form>
<p class="soft">${e(words.kept)}</p></section></main>`
  return document(language, wordsIn(title, code, survey.language).text, inner)
}

function inLanguage(words: Words, wanted: string, own: string): string {
  const { text, language } = wordsIn(words, wanted, own)
  return language === wanted ? e(text) : `<span lang="${e(language)}">${e(text)}</span>`
}

/** What is wrong, before everything else, with a way to each place. */
function troubles({ view: { problems, questions, trouble }, words, say }: Drawing): string {
  if (trouble !== null) return `<div class="say bad" role="alert">${e(trouble)}</div>`
  const found = questions.filter(({ id }) => Object.hasOwn(problems, id))
  if (found.length === 0) return ''
  const links = found.map(({ id, text }) => `<li><a href="#${id}">${say(text)}</a></li>`)
  return `<div class="say bad" role="alert"><strong>${e(words.check)}.</strong><ul>${links.join('')}</ul></div>`
}

function field(drawing: Drawing, question: CompiledQuestion): string {
  const { view, words, say } = drawing
  const { id, kind, text, hint, required } = question
  const problem = Object.hasOwn(view.problems, id) ? view.problems[id] : null
  const notes = [
    ...(hint === undefined ? [] : [[`${id}-hint`, `<p class="soft" id="${id}-hint">${say(hint)}</p>`]]),
    ...(kind === 'multiple' ? [[`${id}-many`, `<p class="soft" id="${id}-many">${e(words.choose)}</p>`]] : []),
    ...(problem ? [[`${id}-bad`, `<p class="wrong" id="${id}-bad">${e(words.problems[problem])}</p>`]] : []),
  ]
  const about = notes.length > 0 ? ` aria-describedby="${notes.map(([name]) => name).join(' ')}"` : ''
  const said = notes.map(([, html]) => html).join('')
  const must = required ? ` <span class="soft">(${e(words.required)})</span>` : ''
  if (kind === 'text' || kind === 'date') {
    const attributes = `id="${id}" name="${id}"${about}${problem ? ' aria-invalid="true"' : ''}`
    const value = typeof view.answers[id] === 'string' ? view.answers[id] : ''
    const input =
      kind === 'date'
        ? `<input type="date" ${attributes} value="${e(value)}">`
        : `<textarea ${attributes} rows="4" maxlength="2000">${e(value)}</textarea>`
    return `<label class="what" for="${id}">${say(text)}${must}</label>${said}${input}`
  }
  // A group takes focus so that the list of troubles can lead to it.
  return `<fieldset id="${id}" tabindex="-1"${about}><legend>${say(text)}${must}</legend>${said}${choices(drawing, question)}</fieldset>`
}

function choices(drawing: Drawing, question: CompiledQuestion): string {
  const { view, words, say } = drawing
  const { id, kind, low, high } = question
  const given = view.answers[id]
  const isGiven = (answer: string) => (Array.isArray(given) ? given.includes(answer) : String(given) === answer)
  const type = kind === 'multiple' ? 'checkbox' : 'radio'
  const inRow = kind === 'nps' || kind === 'scale' || kind === 'stars'
  const options = (answerChoices(question) ?? []).map((answer) => {
    const input = `<input type="${type}" name="${id}" value="${e(answer)}"${isGiven(answer) ? ' checked' : ''}>`
    return `<label class="${inRow ? 'mark-of' : 'check'}">${input}<span>${label(drawing, question, answer)}</span></label>`
  })
  const ends =
    low === undefined && high === undefined
      ? ''
      : `<p class="ends soft"><span>${low === undefined ? '' : say(low)}</span><span>${high === undefined ? '' : say(high)}</span></p>`
  const list = inRow ? `<div class="marks"><div class="scale">${options.join('')}</div>${ends}</div>` : options.join('')
  if (!question.other) return list
  const text = view.answers[`${id}_other`]
  const value = typeof text === 'string' ? e(text) : ''
  return `${list}<label for="${id}_other">${e(words.whichOther)}</label><input type="text" id="${id}_other" name="${id}_other" maxlength="2000" value="${value}">`
}

function label({ words, say }: Drawing, { kind, choices: own }: CompiledQuestion, answer: string): string {
  if (kind === 'yesno') return e(answer === 'yes' ? words.yes : words.no)
  if (kind === 'stars')
    return `<span aria-hidden="true">${answer} ★</span><span class="vh">${e(words.stars(Number(answer)))}</span>`
  const choice = own?.find(({ id }) => id === answer)
  if (choice) return say(choice.text)
  return e(answer === 'other' ? words.other : answer)
}
