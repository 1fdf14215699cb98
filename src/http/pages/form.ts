/** The forms of a customer's page: each holds the word that only this page knows, and its buttons say what they do. */
import { escaped as e } from '../html.ts'
import type { PageView } from './view.ts'

/** `inner` is HTML. `isColumn` = it lays itself out; else its buttons stand in a row. */
export function form(
  { form: word, language }: Pick<PageView, 'form' | 'language'>,
  hidden: Readonly<Record<string, string>>,
  inner: string,
  isColumn = false,
): string {
  const fields = Object.entries({ form: word, ...hidden }).map(
    ([name, value]) => `<input type="hidden" name="${e(name)}" value="${e(value)}">`,
  )
  const body = isColumn ? inner : `<div class="row">${inner}</div>`
  return `<form method="post" action="?lang=${language.words.language}" autocomplete="off">${fields.join('')}${body}</form>`
}

/** `about`: what it is done to, for who does not see beside what the button stands. */
export function button(act: string, label: string, about = '', look = ''): string {
  const more = about === '' ? '' : `<span class="vh"> (${e(about)})</span>`
  return `<button name="do" value="${e(act)}"${look === '' ? '' : ` class="${look}"`}>${e(label)}${more}</button>`
}

export function date({ language }: Pick<PageView, 'language'>, time: number): string {
  return new Intl.DateTimeFormat(language.words.language, { dateStyle: 'long', timeZone: 'UTC' }).format(time)
}

export function dateTime({ language }: Pick<PageView, 'language'>, time: number): string {
  const format = { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' } as const
  return `${new Intl.DateTimeFormat(language.words.language, format).format(time)} UTC`
}
