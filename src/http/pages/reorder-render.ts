/** The page on which something is ordered again, as HTML: no script, and no picture from elsewhere. */
import {
  type Choice,
  fromMinorUnits,
  nothing,
  type Offer,
  type OfferLine,
  reasonSentence,
  wordOf,
} from '../../engine-api.ts'
import { escaped as e } from '../html.ts'
import { document, languageLinks } from './document.ts'
import type { Language } from './language.ts'
import { type ReorderWords, reorderWords } from './reorder-words.ts'

export interface ReorderView {
  readonly language: Language
  readonly offer: Offer
  /** The shop's name; '' = not known. */
  readonly shop: string
  /** Something was pressed that no longer holds. */
  readonly changed: boolean
}

export function wordsOf({ words }: Language): ReorderWords {
  return reorderWords[words.language] ?? reorderWords.en
}

export function renderReorder({ language, offer, shop, changed }: ReorderView): string {
  const words = wordsOf(language)
  const code = language.words.language
  const title = words.title(offer.occasion, offer.recipient)
  const isLeft = offer.lines.some(({ choices }) => choices.length > 0)
  const problem = changed
    ? words.changed
    : !isLeft
      ? words.nothingLeft
      : offer.address === null
        ? words.noAddress
        : null
  const said = problem === null ? '' : `<div class="say bad" role="alert">${e(problem)}</div>`
  const lines = offer.lines.map((line, i) => lineOf(line, i, offer, language)).join('\n')
  const delivery = offer.address === null ? '' : deliveryOf(offer, words)
  const button =
    isLeft && offer.address !== null
      ? `<p class="soft">${e(words.orderNote(shop))}</p><div class="row"><button class="now">${e(words.order)}</button></div>`
      : ''
  const inner = `<header>${languageLinks(language.words)}<h1>${e(title)}</h1>${said}
<p>${e(words.lead(dayOf(offer.lastGiven, code)))}</p></header>
<main><section class="block"><form method="post" action="?lang=${code}">${lines}${totalOf(offer, language)}${delivery}${button}</form></section></main>`
  return document(language, title, inner)
}

function lineOf(line: OfferLine, i: number, offer: Offer, language: Language): string {
  const words = wordsOf(language)
  const { title, quantity, choices } = line
  const name = quantity === 1 ? title : `${words.times(quantity)} ${title}`
  if (choices.length === 0) return `<p class="what">${e(words.nothing(name))}</p>`
  const field = `line-${i}`
  const [only] = choices
  const isOpen = offer.lines.length > 1
  if (choices.length === 1 && only.isSame && !isOpen)
    return `<input type="hidden" name="${field}" value="${wordOf(offer, only)}">
<p class="what">${e(name)}</p>${saidOf(only, quantity, offer, language)}`
  const legend = only.isSame ? name : words.soldOut(name)
  const options = choices.map((choice, n) => {
    const value = wordOf(offer, choice)
    const shown = choice.isSame ? words.today : choice.title
    return `<label class="check"><input type="radio" name="${field}" value="${value}"${n === 0 ? ' checked' : ''}><span><strong>${e(shown)}</strong>${saidOf(choice, quantity, offer, language)}</span></label>`
  })
  const out = isOpen
    ? `<label class="check"><input type="radio" name="${field}" value="${nothing}"><span>${e(words.leaveOut)}</span></label>`
    : ''
  return `<fieldset class="question"><legend>${e(legend)}</legend>${options.join('')}${out}</fieldset>`
}

/** Price, stock, when it is there, and why it is shown. */
function saidOf(choice: Choice, quantity: number, offer: Offer, language: Language): string {
  const words = wordsOf(language)
  const code = language.words.language
  const each = quantity > 1 && choice.price !== null ? ` ${words.each}` : ''
  const price = choice.price === null ? words.priceUnknown : `${moneyOf(choice.price, choice.currency, code)}${each}`
  const day = dayOf(offer.date, code)
  const arrives = choice.arrives === null ? null : dayOf(choice.arrives, code)
  const isLate = choice.arrives !== null && choice.arrives > offer.date
  const delivery = arrives === null ? words.unknownDays : isLate ? words.late(day, arrives) : words.inTime(day, arrives)
  const reason = choice.reason === null ? '' : `<span class="from">${e(reasonSentence(choice.reason, code))}</span><br>`
  const delay = isLate ? `<span class="wrong">${e(delivery)}</span>` : `<span class="soft">${e(delivery)}</span>`
  return `<span class="row">${e(price)} <span class="mark on">${e(words.inStock)}</span></span>${reason}${delay}`
}

function totalOf(offer: Offer, language: Language): string {
  const words = wordsOf(language)
  const costs = `<p class="soft">${e(words.costs)}</p>`
  // With a choice to make there is no one sum.
  const isPlain = offer.lines.length === 1 && offer.lines[0].choices.length === 1 && offer.lines[0].quantity > 1
  const [line] = offer.lines
  const [choice] = line.choices
  if (!isPlain || choice.price === null) return line.choices.length > 0 ? costs : ''
  const sum = moneyOf(choice.price * line.quantity, choice.currency, language.words.language)
  return `<p class="what">${e(words.total)}: ${e(sum)}</p>${costs}`
}

function deliveryOf({ address, payment }: Offer, words: ReorderWords): string {
  const paid = payment === null ? words.asksPayment : payment.label || words.storedPayment
  return `<dl><dt>${e(words.goesTo)}</dt><dd>${e(address?.masked ?? '')}</dd><dt>${e(words.paidWith)}</dt><dd>${e(paid)}</dd></dl>
<p class="soft">${e(words.masked)}</p>`
}

function moneyOf(minor: number, currency: string | null, language: string): string {
  const amount = fromMinorUnits(minor, currency)
  if (currency === null || !/^[A-Z]{3}$/.test(currency)) return String(amount)
  return new Intl.NumberFormat(language, { style: 'currency', currency }).format(amount)
}

/** `9 May 2027`; what is no date stays as it is. */
function dayOf(date: string, language: string): string {
  const time = Date.parse(`${date}T00:00:00Z`)
  if (Number.isNaN(time)) return date
  const locale = language === 'en' ? 'en-GB' : language
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(time)
}
