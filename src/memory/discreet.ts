/** Sensitive categories: what is in them is not used for anybody who did not agree to that by the category's name. */
import type { Catalogue } from '../catalog/catalogue.ts'

/** Is the item (internal id) of a sensitive category that may not be used here? */
export type Discreet = (id: number) => boolean

/** `agreed` = lower-case names; of an item in several such categories each must be among them. */
export function discreetFor(
  agreed: ReadonlySet<string>,
  catalogue: Pick<Catalogue, 'sensitive' | 'sensitiveCategories'>,
): Discreet {
  if (agreed.size === 0) return (id) => catalogue.sensitive(id)
  return (id) => catalogue.sensitiveCategories(id).some((category) => !agreed.has(category.toLowerCase()))
}

/** Does a fact's subject name something that may not be used: an item, or a category? */
export function discreetSubject(
  subject: string,
  agreed: ReadonlySet<string>,
  catalogue: Pick<Catalogue, 'sensitive' | 'sensitiveCategories' | 'sensitiveCategory' | 'idOf'>,
): boolean {
  if (subject.startsWith('item:')) {
    const id = catalogue.idOf(subject.slice(5))
    return id !== undefined && discreetFor(agreed, catalogue)(id)
  }
  const category = subject.replace(/^category:/, '')
  return catalogue.sensitiveCategory(category) && !agreed.has(category.toLowerCase())
}
