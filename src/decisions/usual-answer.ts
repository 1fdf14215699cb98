/** From a foretelling to an answer: what may be said, what can be had, with which condition and in which words. */
import type { Catalogue, ItemCard } from '../catalog/catalogue.ts'
import type { UsualPrediction } from '../models/usual.ts'
import { whenSure } from '../models/usual-options.ts'
import { sideOf, type UsualContext } from '../models/usual-splits.ts'
import { phraseOf, usualText } from './usual-text.ts'
import type { ToldUsual } from './usual-told.ts'

const mostOptions = 3

export interface UsualItem extends ItemCard {
  readonly probability: number
}

export interface UsualAnswer {
  readonly slot: string | null
  readonly personalised: boolean
  /** Not sure enough, or the usual cannot be had: ask, with `options` to choose from. */
  readonly ask: boolean
  readonly usual: UsualItem | null
  readonly runnerUp: UsualItem | null
  readonly options: readonly UsualItem[]
  readonly condition: {
    readonly name: string
    readonly below?: number
    readonly is?: string
    /** Does it hold now? Null = the context does not say. */
    readonly holds: boolean | null
    /** Shop's ids: the usual where it holds, and where it does not. */
    readonly holding: string
    readonly otherwise: string
    readonly probability: number
  } | null
  /** The usual, where it cannot be sold just now. */
  readonly unavailable: ItemCard | null
  readonly reason: string | null
  /** He told it, or it was seen; null = it asks. */
  readonly provenance: 'told' | 'observed' | null
  /** How many of his choices this rests on. */
  readonly choices: number
  /** What the answer was worked out for, weather and time of day filled in. */
  readonly context: UsualContext
}

export interface Offer {
  /** He may be told of it at all. */
  readonly allows: (item: number) => boolean
  /** It can be had now. */
  readonly has: (item: number) => boolean
}

interface AnswerNeeds {
  readonly told: ToldUsual | null
  readonly prediction: UsualPrediction
  readonly offer: Offer
  readonly catalogue: Catalogue
  /** The contexts of his choices. */
  readonly own: readonly UsualContext[]
  readonly context: UsualContext
  readonly sure: number
  readonly known: boolean
  /** What he chose, himself and under which condition, may be named to him. */
  readonly mayName: boolean
}

export function answerOf(needs: AnswerNeeds): Omit<UsualAnswer, 'slot' | 'personalised' | 'choices' | 'context'> {
  const { told, prediction, offer, catalogue } = needs
  const ranked = told === null ? prediction.choices : withFirst(told.item, prediction)
  const allowed = ranked.filter(({ item }) => offer.allows(item))
  const had = allowed.filter(({ item }) => offer.has(item))
  const shown = had.slice(0, mostOptions).map(({ item, probability }) => ({ ...catalogue.card(item), probability }))
  const top = allowed.at(0)
  const isTold = told !== null && top?.item === told.item
  const sure = top !== undefined && needs.mayName && (isTold || isSure(needs, top.probability))
  const gone = sure && !offer.has(top.item)
  const usual = sure && !gone ? (shown[0] ?? null) : null
  return {
    ask: usual === null,
    usual,
    runnerUp: shown[1] ?? null,
    options: shown,
    condition: needs.known && needs.mayName ? conditionOf(needs) : null,
    unavailable: gone ? catalogue.card(top.item) : null,
    reason: usual && top ? (isTold ? toldReason(needs, told) : reasonOf(needs, top.item)) : null,
    provenance: usual === null ? null : isTold ? 'told' : 'observed',
  }
}

/** One cup is no habit, whatever people like him do. */
function isSure({ known, own, sure }: AnswerNeeds, probability: number): boolean {
  return known && own.length >= whenSure.choices && probability >= sure
}

/** What he told is certain; the others follow in their order. */
function withFirst(first: number, { choices }: UsualPrediction): UsualPrediction['choices'] {
  const others = choices.filter(({ item }) => item !== first).map((choice) => ({ ...choice, probability: 0 }))
  return [{ item: first, probability: 1 }, ...others]
}

function toldReason({ catalogue }: AnswerNeeds, { item, condition }: ToldUsual): string {
  return `As you told: ${titleOf(catalogue, item)}${condition === null ? '' : ` ${condition}`}.`
}

const titleOf = (catalogue: Catalogue, item: number) => catalogue.title(item) ?? catalogue.shopId(item) ?? ''

function conditionOf({ prediction, offer, catalogue, context }: AnswerNeeds): UsualAnswer['condition'] {
  const { condition } = prediction
  if (!condition || !offer.allows(condition.holding) || !offer.allows(condition.otherwise)) return null
  const side = sideOf(condition.split, context)
  return {
    ...condition.split,
    holds: side === 2 ? null : side === 1,
    holding: catalogue.shopId(condition.holding) ?? '',
    otherwise: catalogue.shopId(condition.otherwise) ?? '',
    probability: condition.probability,
  }
}

/** The side on which he was more often is the rule, the other the exception. */
function reasonOf({ prediction, offer, catalogue, own }: AnswerNeeds, top: number): string {
  const named = (item: number) => titleOf(catalogue, item)
  const { condition } = prediction
  if (!condition || !offer.allows(condition.holding) || !offer.allows(condition.otherwise))
    return usualText(named(top), null)
  const { split, holding, otherwise } = condition
  const held = own.filter((then) => sideOf(split, then) === 1).length
  const mostlyHolds = held * 2 > own.length
  return usualText(named(mostlyHolds ? holding : otherwise), {
    phrase: phraseOf(split, !mostlyHolds),
    item: named(mostlyHolds ? otherwise : holding),
  })
}
