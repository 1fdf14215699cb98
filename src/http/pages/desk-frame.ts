/** The frame of every page of the desk, and its forms. In English: it is the shop's own people who read it. */
import type { Session } from '../../engine-api.ts'
import { escaped as e } from '../html.ts'
import { document } from './document.ts'
import { languages } from './language.ts'

/** Of a page that is shown to who is signed in. */
export interface Shown {
  readonly session: Session
  readonly word: string
}

/** `inner` is HTML; everything else is text. `staff` null = nobody is signed in. */
export function deskDocument(staff: Shown | null, title: string, inner: string): string {
  const nav =
    staff === null
      ? ''
      : `<nav class="desk" aria-label="Desk"><ul><li><a href="/desk">Queue</a></li><li><a href="/desk/find">Find a customer</a></li></ul>
${deskForm(staff, '/desk/sign-out', {}, `<span class="soft">${e(staff.session.person.name)}</span><button>Sign out</button>`)}</nav>`
  return document(
    languages.en,
    `${title} – Habitue`,
    `<header>${nav}<h1>${e(title)}</h1></header><main>${inner}</main>`,
  )
}

export function deskNotice(staff: Shown, title: string, text: string): string {
  return deskDocument(
    staff,
    title,
    `<section class="block"><div class="say bad" role="alert">${e(text)}</div></section>`,
  )
}

/** `inner` is HTML. `isColumn` = it lays itself out; else its buttons stand in a row. */
export function deskForm(
  staff: Pick<Shown, 'word'> | null,
  action: string,
  hidden: Readonly<Record<string, string>>,
  inner: string,
  isColumn = false,
): string {
  const fields = Object.entries({ ...(staff ? { form: staff.word } : {}), ...hidden }).map(
    ([name, value]) => `<input type="hidden" name="${e(name)}" value="${e(value)}">`,
  )
  const body = isColumn ? inner : `<div class="row">${inner}</div>`
  return `<form method="post" action="${e(action)}">${fields.join('')}${body}</form>`
}

/** `about`: what it is done to, for who does not see beside what the button stands. */
export function deskButton(act: string, label: string, about = '', look = ''): string {
  const more = about === '' ? '' : `<span class="vh"> (${e(about)})</span>`
  return `<button name="do" value="${e(act)}"${look === '' ? '' : ` class="${look}"`}>${e(label)}${more}</button>`
}

/** A section with its heading; '' where there is nothing in it. */
export function block(id: string, title: string, inner: string): string {
  return inner === ''
    ? ''
    : `<section class="block" id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${e(title)}</h2>${inner}</section>`
}

/** What a closed part of the page opens to; `isOpen` = it stands open already. */
export function fold(summary: string, inner: string, about = '', isOpen = false): string {
  const more = about === '' ? '' : `<span class="vh"> (${e(about)})</span>`
  return `<details${isOpen ? ' open' : ''}><summary>${e(summary)}${more}</summary>${inner}</details>`
}

export function list(rows: readonly string[]): string {
  return rows.length === 0 ? '' : `<ul>${rows.map((row) => `<li>${row}</li>`).join('')}</ul>`
}

/** Where the customer's page at the desk is. */
export function customerPath({ kind, value }: { readonly kind: string; readonly value: string }): string {
  return `/desk/customers/${encodeURIComponent(value)}?kind=${encodeURIComponent(kind)}`
}

/** Times as the shop's clock shows them. */
export interface Clock {
  date(time: number): string
  dateTime(time: number): string
}

export function clockOf(timeZone: string): Clock {
  const dates = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone })
  const times = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone })
  return { date: (time) => dates.format(time), dateTime: (time) => times.format(time) }
}
