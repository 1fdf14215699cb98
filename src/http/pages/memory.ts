/** The part of a customer's page that says what is remembered: each statement with where it comes from, and what to do about it. */
import type { MemoryStatement } from '../../engine-api.ts'
import { escaped as e } from '../html.ts'
import { correctionFields, type Field } from './correction.ts'
import { plain } from './facts-english.ts'
import { button, date, form } from './form.ts'
import type { PageView } from './view.ts'

export function memoryBlock(view: PageView): string {
  const { words } = view.language
  const names = view.names.map(
    ({ kind, value }) => `<dt>${e(words.identifiers[kind] ?? kind)}</dt><dd>${e(value)}</dd>`,
  )
  const known = names.length > 0 ? `<h3>${e(words.known)}</h3><dl>${names.join('')}</dl>` : ''
  const isEmpty = view.parts.every(({ shown, hidden }) => shown.length + hidden === 0)
  const service = view.consent.purposes.find(({ purpose }) => purpose === 'service')
  if (service?.allowed === false) return `<p>${e(words.withheld)}</p>`
  if (isEmpty) return `${known}<p>${e(words.nobody)}</p>${tellBlock(view)}`
  const parts = view.parts.map(({ part, shown, hidden }) => {
    const cards = shown.map((statement, i) => card(view, statement, `${part}-${i}`))
    const list = cards.length > 0 ? `<ul class="cards">${cards.join('')}</ul>` : ''
    const more = hidden > 0 ? `<p>${e(words.hidden(hidden))} <a href="#rights">${e(words.toCode)}</a></p>` : ''
    const none = list + more === '' ? `<p class="soft">${e(words.emptyPart)}</p>` : ''
    return `<h3>${e(words.parts[part])}</h3>${list}${more}${none}`
  })
  return known + parts.join('') + tellBlock(view)
}

function card(view: PageView, statement: MemoryStatement, id: string): string {
  const { words } = view.language
  const { provenance, confirmed } = statement
  const text = sentence(view, statement)
  // A guess that a program of the shop handed in was told by nobody.
  const isGuess = provenance !== 'told' && statement.channel === 'api'
  const source = isGuess ? '' : (view.language.facts.channels[statement.channel] ?? statement.channel)
  const mark = `<span class="mark ${provenance}">${e(words.provenance[provenance])}</span>`
  const when = date(view, confirmed)
  const until = statement.expires === null ? '' : `, ${words.keptUntil(date(view, statement.expires))}`
  const since = e((source === '' ? when : words.since(source, when)) + until)
  const canBar =
    statement.kind === 'interest' ||
    statement.kind === 'usual' ||
    (statement.kind === 'preference' && statement.value === 'likes')
  const isItem = statement.subject.startsWith('item:')
  const buttons = [
    button('delete', words.remove, text),
    canBar ? button('never', words.never, text) : '',
    statement.kind === 'interest' && isItem ? button('forget', words.notForMe, text) : '',
  ].join('')
  const item: Readonly<Record<string, string>> = isItem ? { item: statement.subject.slice(5) } : {}
  const said = `<div><p class="what">${e(text)}</p><p class="from">${mark}${since}</p></div>`
  const acts = form(view, { fact: statement.id, ...item }, buttons)
  return `<li><div class="card">${said}${acts}</div>${correction(view, statement, text, id)}${earlier(view, statement, text)}</li>`
}

/** What the statement says, in the customer's language. */
export function sentence({ language, title }: PageView, statement: MemoryStatement): string {
  const { facts, words } = language
  const { subject, condition, by, was, kind } = statement
  const about =
    kind === 'question'
      ? asked(subject, words.ask, title)
      : kind === 'attribute' || kind === 'setting'
        ? traitName(subject, words.traits)
        : aboutOf(subject, title)
  const said = facts.sentence(statement, about, title)
  const when = condition ? ` (${facts.condition(condition)})` : ''
  const changed = by === null ? '' : ` (${facts.changed(by, was === undefined ? null : plain(was))})`
  return said + when + changed
}

/** `item:x` by its title, `category:y` and `attribute:z=v` by their names. */
function aboutOf(subject: string, title: PageView['title']): string {
  if (subject.startsWith('item:')) return title(subject.slice(5))
  if (subject.startsWith('category:')) return subject.slice(9)
  return subject.startsWith('attribute:') ? subject.slice(10).replace('=', ' ') : subject
}

/** `firstName` and `first_name` as people write it. */
function traitName(subject: string, known: Readonly<Record<string, string>>): string {
  const spaced = subject
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase()
  if (Object.hasOwn(known, spaced)) return known[spaced]
  return spaced === subject.toLowerCase() ? subject : spaced[0].toUpperCase() + spaced.slice(1)
}

function asked(id: string, ask: Readonly<Record<string, (about: string) => string>>, title: PageView['title']): string {
  const [about, name] = [id.slice(0, id.indexOf(':')), id.slice(id.indexOf(':') + 1)]
  return Object.hasOwn(ask, about) ? ask[about](about === 'return' ? title(name) : name) : id
}

/** What it won against, and why. */
function earlier(view: PageView, statement: MemoryStatement, text: string): string {
  const { history } = statement
  if (history.length === 0) return ''
  const { words } = view.language
  const rows = history.slice(0, 10).map(({ value, provenance, time, lost }) => {
    const said = sentence(view, { ...statement, value, provenance, by: null })
    const mark = `<span class="mark ${provenance}">${e(words.provenance[provenance])}</span>`
    return `<li><s>${e(said)}</s> ${mark}<span class="soft">${e(`${date(view, time)}; ${words.lost[lost]}`)}</span></li>`
  })
  return `<details><summary>${e(words.earlier)}<span class="vh"> (${e(text)})</span></summary><ul>${rows.join('')}</ul></details>`
}

function correction(view: PageView, statement: MemoryStatement, text: string, id: string): string {
  const fields = correctionFields(statement)
  if (fields === null) return ''
  const { words } = view.language
  const inputs = fields.map((field) => input(view, field, `${id}-${field.name}`))
  const save = `<div class="row">${button('correct', words.save, text)}</div>`
  const inner = form(view, { fact: statement.id }, inputs.join('') + save, true)
  return `<details><summary>${e(words.correct)}<span class="vh"> (${e(text)})</span></summary>${inner}</details>`
}

function input({ language: { words } }: PageView, { name, value, choices }: Field, id: string): string {
  const label = `<label for="${id}">${e(words.addressFields[name] ?? words.newValue)}</label>`
  if (choices === null)
    return `${label}<input type="text" id="${id}" name="${name}" value="${e(value)}" maxlength="500">`
  const options = choices.map(
    (choice) =>
      `<option value="${choice}"${choice === value ? ' selected' : ''}>${e(words.choices[choice] ?? choice)}</option>`,
  )
  return `${label}<select id="${id}" name="${name}">${options.join('')}</select>`
}

function tellBlock(view: PageView): string {
  const { words } = view.language
  const one = (act: string, label: string) =>
    form(
      view,
      {},
      `<label for="${act}">${e(label)}</label><div class="row"><input type="text" id="${act}" name="text" maxlength="300">${button(act, words.tell)}</div>`,
      true,
    )
  return `<h3>${e(words.tellTitle)}</h3>${one('tell-never', words.tellNever)}${one('tell-quirk', words.tellQuirk)}`
}
