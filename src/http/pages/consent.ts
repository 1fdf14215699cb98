/** The part of a customer's page that says what may be done: each purpose with its legal basis, and two buttons alike. */
import type { ConsentView } from '../../engine-api.ts'
import { escaped as e } from '../html.ts'
import { button, date, form } from './form.ts'
import type { PageView, ParticularConsent } from './view.ts'

type Purpose = ConsentView['purposes'][number]

export function consentBlock(view: PageView): string {
  const { consent, language } = view
  const { words } = language
  const signal = consent.globalPrivacyControl ? `<p>${e(words.gpc)}</p>` : ''
  const rows = [
    ...consent.purposes.map((purpose) => `<li>${purposeRow(view, purpose)}</li>`),
    ...view.particular.map((one) => `<li>${particularRow(view, one)}</li>`),
  ]
  return `<p>${e(words.consentLead)}</p>${signal}<ul class="cards">${rows.join('')}</ul>${form(view, {}, button('refuse-all', words.refuseAll))}`
}

/** Purposes about which a customer answers here: not what he asked for, as long as that does not rest on his consent. */
export function refusable({ basis, purpose }: Purpose): boolean {
  return basis !== null && (purpose !== 'service' || basis === 'consent')
}

function purposeRow(view: PageView, purpose: Purpose): string {
  const { words } = view.language
  const { basis, allowed } = purpose
  const [title, meaning] = purposeText(view, purpose.purpose)
  const state = `<span class="mark ${allowed ? 'on' : 'off'}">${e(allowed ? words.on : words.off)}</span>`
  const why = [words.why[purpose.reason], purpose.given && words.answeredAt(date(view, purpose.given.time))]
  const because = why.filter(Boolean).join(', ')
  const [yes, no] = basis === 'consent' ? [words.agree, words.refuse] : [words.allow, words.object]
  const buttons = refusable(purpose)
    ? form(
        view,
        { purpose: purpose.purpose },
        `<div class="pair">${button('grant', yes, title)}${button('deny', no, title)}</div>`,
        true,
      )
    : ''
  return `<p class="what">${e(title)}</p><p class="from">${state}${e(because)}</p><p>${e(meaning)} ${e(legalBasis(view, purpose))}</p>${buttons}`
}

function particularRow(view: PageView, { about, name, answer }: ParticularConsent): string {
  const { words } = view.language
  const [title, meaning] = words.particular[about](name)
  const allowed = answer === 'granted'
  const state = `<span class="mark ${allowed ? 'on' : 'off'}">${e(allowed ? words.on : words.off)}</span>`
  const buttons = `<div class="pair">${button('agree-to', words.agree, title)}${button('refuse-to', words.refuse, title)}</div>`
  const why = e(words.why[answer ?? 'unset'])
  return `<p class="what">${e(title)}</p><p class="from">${state}${why}</p><p>${e(meaning)}</p>${form(view, { about, name }, buttons, true)}`
}

function legalBasis({ language: { words } }: PageView, purpose: Purpose): string {
  const { basis } = purpose
  if (basis === 'legitimate-interest' && !refusable(purpose)) return words.serviceInterest
  return words.bases[basis ?? 'none'] ?? ''
}

function purposeText({ language: { words } }: PageView, purpose: string): readonly [string, string] {
  if (Object.hasOwn(words.purposes, purpose)) return words.purposes[purpose]
  return words.otherChannel(purpose.slice(purpose.indexOf(':') + 1))
}
