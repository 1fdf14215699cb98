/**
 * Which items have which value of an attribute. The attributes of an item are kept as the JSON text of its row; a
 * name is indexed when a filter first asks for it, and kept true from then on. So 100,000 items with ten attributes
 * each cost their text, and only what is asked for costs more.
 */
import type { AttributeValue } from './item.ts'

export class AttributeIndex {
  /** By internal id; '' = none. */
  readonly #texts: string[] = []
  /** name -> value as text -> items. */
  readonly #names = new Map<string, Map<string, Set<number>>>()

  set(id: number, json: string): void {
    const old = this.#texts[id] ?? ''
    const text = json === '{}' ? '' : json
    if (old === text) return
    if (this.#names.size > 0) {
      this.#each(old, (values, value) => values.get(value)?.delete(id))
      this.#each(text, (values, value) => postings(values, value).add(id))
    }
    while (this.#texts.length < id) this.#texts.push('')
    this.#texts[id] = text
  }

  /** The attributes of an item as `name=value`, a list giving one entry a value. */
  terms(id: number): string[] {
    const text = this.#texts[id]
    if (!text) return []
    return Object.entries(JSON.parse(text) as Record<string, AttributeValue>).flatMap(([name, value]) =>
      valuesOf(value).map((one) => `${name}=${one}`),
    )
  }

  /** The items whose attribute `name` has `value`; the set stays true as items change. */
  having(name: string, value: string): ReadonlySet<number> {
    let values = this.#names.get(name)
    if (!values) {
      values = new Map()
      this.#names.set(name, values)
      this.#texts.forEach((text, id) => {
        // A plain search for the name is far cheaper than parsing, and most items of a mixed shop lack it.
        if (text === '' || !text.includes(JSON.stringify(name))) return
        const value = (JSON.parse(text) as Record<string, AttributeValue>)[name]
        if (value !== undefined) for (const one of valuesOf(value)) postings(values!, one).add(id)
      })
    }
    return postings(values, value)
  }

  #each(text: string, visit: (values: Map<string, Set<number>>, value: string) => void): void {
    if (text === '') return
    const attributes = JSON.parse(text) as Record<string, AttributeValue>
    for (const [name, values] of this.#names) {
      if (Object.hasOwn(attributes, name)) for (const value of valuesOf(attributes[name])) visit(values, value)
    }
  }
}

function postings(values: Map<string, Set<number>>, value: string): Set<number> {
  let items = values.get(value)
  if (!items) {
    items = new Set()
    values.set(value, items)
  }
  return items
}

function valuesOf(value: AttributeValue): string[] {
  return Array.isArray(value) ? value : [String(value)]
}
