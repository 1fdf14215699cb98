/** What was searched for and looked through tells nothing where it is of a sensitive category. */
import type { Catalogue } from '../catalog/catalogue.ts'
import { styleWords, type Unsaid } from '../memory/session-style.ts'

/** By the names of the sensitive categories, and by words of them. */
export function unsaidByName(catalogue: Catalogue): Unsaid {
  const names = catalogue.sensitiveNames().map((name) => name.toLowerCase())
  if (names.length === 0) return () => false
  const words = new Set(names.flatMap(styleWords))
  return (text) => styleWords(text).some((word) => words.has(word))
}

/** And by words of titles that mostly stand for sensitive items: asks the whole catalogue, for a training. */
export function unsaidByTitles(catalogue: Catalogue): Unsaid {
  const byName = unsaidByName(catalogue)
  if (catalogue.sensitiveNames().length === 0) return byName
  const [sensitive, all] = [new Map<string, number>(), new Map<string, number>()]
  for (const id of catalogue.ids()) {
    const isSensitive = catalogue.sensitive(id)
    for (const word of new Set(styleWords(catalogue.title(id) ?? ''))) {
      all.set(word, (all.get(word) ?? 0) + 1)
      if (isSensitive) sensitive.set(word, (sensitive.get(word) ?? 0) + 1)
    }
  }
  return (text) => byName(text) || 2 * (sensitive.get(text) ?? 0) >= (all.get(text) ?? 1)
}
