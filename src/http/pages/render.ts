/** A customer's page as HTML: no script; every text of customers and of the shop is escaped; every change is a form. */
import { escaped as e } from '../html.ts'
import { consentBlock } from './consent.ts'
import { document, languageLinks } from './document.ts'
import { button, dateTime, form } from './form.ts'
import { memoryBlock } from './memory.ts'
import { masked, type PageView, type Question } from './view.ts'

export function renderPage(view: PageView): string {
  const { words } = view.language
  const blocks = [
    ['visit', words.visit, visitBlock(view)],
    ['memory', words.memory, memoryBlock(view)],
    ['items', words.items, itemsBlock(view)],
    ['question', words.question, view.question ? questionBlock(view, view.question) : ''],
    ['consent', words.consent, consentBlock(view)],
    ['reasons', words.reasons, reasonsBlock(view)],
    ['rights', words.rights, rightsBlock(view)],
  ].filter(([, , inner]) => inner !== '')
  const contents = blocks.map(([id, title]) => `<li><a href="#${id}">${e(title)}</a></li>`)
  const sections = blocks.map(
    ([id, title, inner]) =>
      `<section class="block" id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title" tabindex="-1">${e(title)}</h2>${inner}</section>`,
  )
  const inner = `<a class="skip" href="#memory-title">${e(words.skip)}</a>
<header>${languageLinks(words)}<h1>${e(view.name ? words.greeting(view.name) : words.title)}</h1>${outcome(view)}
<p>${e(words.lead)}</p><p class="soft">${e(words.linkEnds(dateTime(view, view.expires)))}</p>
<nav aria-label="${e(words.contents)}"><ul>${contents.join('')}</ul></nav></header>
<main>${sections.join('\n')}</main>`
  return document(view.language, words.title, inner)
}

/** What became of the form that was sent before. */
function outcome({ done, failed, language: { words } }: PageView): string {
  if (failed !== null) {
    const text = words.failures[failed] ?? words.failures.other
    return `<div class="say bad" role="alert"><strong>${e(words.failed)}.</strong> ${e(text)}</div>`
  }
  return done === null
    ? ''
    : `<div class="say" role="status"><strong>${e(words.saved)}.</strong> ${e(words.done[done])}</div>`
}

/** The session of a visitor who is not logged in. */
function visitBlock(view: PageView): string {
  const { visit, language, title } = view
  if (visit.length === 0) return ''
  const { words } = language
  const things = new Set(visit.flatMap(({ item, title: own }) => (item === null ? [] : (own ?? title(item)))))
  const list = [...things].map((thing) => `<li>${e(thing)}</li>`)
  const seen = list.length > 0 ? `<ul>${list.join('')}</ul>` : ''
  const buttons = button('end-visit', words.endVisit) + button('keep-off', words.keepOff)
  return `<p>${e(words.visitLead(visit.length))}</p>${seen}${form(view, {}, buttons)}`
}

function itemsBlock(view: PageView): string {
  const { items, moreItems, language } = view
  if (items.length === 0) return ''
  const { words } = language
  const rows = items.map(({ item, title, recipient, views, bought, returned }) => {
    const name = title ?? item
    const whom = recipient === '' ? '' : ` (${recipient})`
    const buttons =
      recipient === ''
        ? form(view, { item }, button('forget', words.notForMe, name) + button('never', words.never, name))
        : ''
    const said = `<p class="what">${e(name + whom)}</p><p class="from">${e(words.counts(views, bought, returned))}</p>`
    return `<li class="card"><div>${said}</div>${buttons}</li>`
  })
  const more = moreItems > 0 ? `<p class="soft">${e(words.moreItems(moreItems))}</p>` : ''
  return `<p class="soft">${e(words.itemsLead)}</p><ul class="cards">${rows.join('')}</ul>${more}`
}

function questionBlock(view: PageView, question: Question): string {
  const { words } = view.language
  const { id, options } = question
  const choices = options?.map(
    (option) =>
      `<label class="check"><input type="radio" name="answer" value="${e(option)}"><span>${e(words.choices[option] ?? option)}</span></label>`,
  )
  const text = e(questionText(view, question))
  const field = choices
    ? `<fieldset><legend>${text}</legend>${choices.join('')}</fieldset>`
    : `<p class="what" id="asked">${text}</p><label for="answer">${e(words.yourAnswer)}</label><input type="text" id="answer" name="answer" maxlength="300" aria-describedby="asked">`
  const buttons = button('answer', words.answer) + button('decline', words.declined)
  return form(view, { question: id }, `${field}<div class="row">${buttons}</div>`, true)
}

function questionText({ language, title }: PageView, { id, text, subject }: Question): string {
  const ask = language.words.ask[id.slice(0, id.indexOf(':'))]
  const name = id.slice(id.indexOf(':') + 1)
  return ask ? ask(subject.startsWith('item:') ? title(subject.slice(5)) : name) : text
}

function reasonsBlock(view: PageView): string {
  const { decisions, language, title } = view
  const { words } = language
  if (decisions.length === 0) return `<p>${e(words.noReasons)}</p>`
  const shown = decisions.map(({ time, placement, items }) => {
    const rows = items.slice(0, 8).map(({ item, reason }) => {
      const name = title(item)
      const said = `<div><strong>${e(name)}</strong>: ${e(words.reason[reason] ?? reason)}</div>`
      return `<li><div class="card">${said}${form(view, { item }, button('never', words.never, name))}</div></li>`
    })
    const place = words.placements[placement] ?? placement
    return `<li><p class="what">${e(words.shown(dateTime(view, time), place))}</p><ol class="shown">${rows.join('')}</ol></li>`
  })
  return `<p class="soft">${e(words.reasonsLead)}</p><ul class="cards">${shown.join('')}</ul>`
}

function rightsBlock(view: PageView): string {
  const { words } = view.language
  const closed = `<p class="soft">${e(words.afterCode)}</p>`
  const formats = button('export-html', words.downloadHtml) + button('export-json', words.downloadJson)
  const sure = `<label class="check"><input type="checkbox" name="sure" value="yes"><span>${e(words.forgetSure)}</span></label>
<label class="check"><input type="checkbox" name="refuse" value="yes"><span>${e(words.forgetRefuse)}</span></label>
<div class="row">${button('erase', words.forget, '', 'stop')}</div>`
  return `${codeBlock(view)}
<h3>${e(words.download)}</h3><p>${e(words.downloadLead)}</p>${view.isOpen ? form(view, {}, formats) : closed}
<h3>${e(words.forget)}</h3><p>${e(words.forgetLead)}</p>${view.isOpen ? form(view, {}, sure, true) : closed}`
}

/** How to prove who one is, where that is asked. */
function codeBlock(view: PageView): string {
  const { standing, isOpen, language, done } = view
  const { words } = language
  if (standing.guard === 'none') return ''
  const title = `<h3 id="code">${e(words.code)}</h3>`
  if (isOpen) return `${title}<p>${e(words.codeProven)}</p>`
  if (standing.guard !== 'code') return `${title}<p>${e(words.codeShop)}</p>`
  const asked = done === 'ask-code' ? ' now' : ''
  const enter = `<label for="code-field">${e(words.codeField)}</label><div class="row"><input class="code" type="text" id="code-field" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="12">${button('prove', words.enterCode, '', asked.trim())}</div>`
  return `${title}<p>${e(words.codeLead(masked(standing.email ?? '')))}</p>${form(view, {}, button('ask-code', words.sendCode))}${form(view, {}, enter, true)}`
}
