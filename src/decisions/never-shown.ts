/**
 * What a customer said never to show him, as a predicate over items. Dislikes and allergies are rules and not weights, so
 * it is asked wherever an item may be shown, whatever proposed it.
 */
import type { Catalogue } from '../catalog/catalogue.ts'
import { type Condition, holds, type Moment } from '../memory/conditions.ts'
import type { NeverRule } from '../memory/decision-facts.ts'

/** Is the item (internal id) never to be shown at this moment? */
export type NeverShown = (id: number) => boolean

type Facing = Pick<Catalogue, 'idOf' | 'group' | 'categories' | 'attributeTerms' | 'title' | 'revision'>

/** Attributes that say what an item contains; and for which diets it is, or is not. */
const contents = new Set(['allergen', 'allergens', 'contains', 'may_contain', 'maycontain', 'ingredients'])
const unfit = new Set(['excludeddiets', 'unsuitablefor', 'not_suitable_for', 'unsuitable_for'])
const fit = new Set(['diets', 'diet', 'suitablefor', 'suitable_for'])

/** What is compared: letters and digits in lower case, so that "Tree nuts" is "tree-nuts". */
const plain = (text: string) =>
  text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()

interface Features {
  readonly title: string
  readonly categories: readonly string[]
  readonly terms: readonly (readonly [name: string, value: string])[]
}

type Test = (features: Features, id: number) => boolean

/**
 * The predicate at `moment`; null where nothing is barred then. Rules with a condition bar only where it is known to hold.
 * Answers are kept until the catalogue changes, so an item asked about again costs one look.
 */
export function neverShown(rules: readonly NeverRule[], catalogue: Facing): (moment: Moment) => NeverShown | null {
  if (rules.length === 0) return () => null
  const always = predicate(
    rules.filter(({ condition }) => condition === null),
    catalogue,
  )
  const sometimes = rules.filter(({ condition }) => condition !== null)
  if (sometimes.length === 0) return () => always
  const each = sometimes.map((rule) => [rule.condition as Condition, predicate([rule], catalogue)] as const)
  return (moment) => {
    const now = each.filter(([condition]) => holds(condition, moment) === true).map(([, barred]) => barred)
    const all = [...now, always].filter((one) => one !== null)
    return all.length === 0 ? null : (id) => all.some((barred) => barred(id))
  }
}

/** How many of these an item answers to, whatever their conditions say: what somebody is told to like. */
export function countMatches(rules: readonly NeverRule[], catalogue: Facing): (id: number) => number {
  const tests = rules.map((rule) => testOf(rule, catalogue))
  return (id) => {
    const features = featuresOf(id, catalogue)
    return tests.filter((test) => test(features, id)).length
  }
}

function predicate(rules: readonly NeverRule[], catalogue: Facing): NeverShown | null {
  if (rules.length === 0) return null
  const tests = rules.map((rule) => testOf(rule, catalogue))
  const known = new Map<number, boolean>()
  let revision = catalogue.revision
  return (id) => {
    if (revision !== catalogue.revision) {
      known.clear()
      revision = catalogue.revision
    }
    let barred = known.get(id)
    if (barred === undefined) {
      const features = featuresOf(id, catalogue)
      barred = tests.some((test) => test(features, id))
      known.set(id, barred)
    }
    return barred
  }
}

function featuresOf(id: number, catalogue: Facing): Features {
  return {
    title: plain(catalogue.title(id) ?? ''),
    categories: catalogue.categories(id),
    terms: catalogue.attributeTerms(id).map((term) => {
      const at = term.indexOf('=')
      return [term.slice(0, at).toLowerCase(), plain(term.slice(at + 1))] as const
    }),
  }
}

function testOf({ about, name }: NeverRule, catalogue: Facing): Test {
  const wanted = plain(name)
  const inCategory: Test = ({ categories }) => categories.some((category) => isWithin(category, wanted))
  switch (about) {
    case 'item':
      return (_, id) => isItem(name, id, catalogue)
    case 'category':
      return inCategory
    case 'attribute': {
      const at = name.indexOf('=')
      const [attribute, value] = [name.slice(0, at).toLowerCase(), plain(name.slice(at + 1))]
      return ({ terms }) => terms.some(([own, has]) => own === attribute && has === value)
    }
    case 'allergy':
      return ({ terms }) => terms.some(([own, has]) => contents.has(own) && mentions(has, wanted))
    case 'diet':
      return ({ terms }) => {
        if (terms.some(([own, has]) => unfit.has(own) && has === wanted)) return true
        const stated = terms.filter(([own]) => fit.has(own))
        return stated.length > 0 && !stated.some(([, has]) => has === wanted)
      }
    case 'text':
      return (features, id) =>
        isItem(name, id, catalogue) ||
        inCategory(features, id) ||
        mentions(features.title, wanted) ||
        features.terms.some(([, has]) => has === wanted)
  }
}

/** The item itself, or another variant of it. */
function isItem(name: string, id: number, catalogue: Facing): boolean {
  const named = catalogue.idOf(name)
  if (named === undefined) return false
  return named === id || (catalogue.group(id) >= 0 && catalogue.group(id) === catalogue.group(named))
}

/** The category, or one above it in a path such as `Clothing > Swimwear`. */
function isWithin(category: string, wanted: string): boolean {
  return plain(category) === wanted || category.split(/[>/|]/).some((part) => plain(part) === wanted)
}

/** Whether the words occur one after the other; a plural is the same word. */
function mentions(text: string, wanted: string): boolean {
  if (wanted === '' || text === '') return false
  const stem = (words: string) => ` ${words.split(' ').map(singular).join(' ')} `
  return stem(text).includes(stem(wanted))
}

const singular = (word: string) =>
  word.length > 3 && word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word
