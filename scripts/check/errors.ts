/** `docs/errors.md` has a row for each code of the error table, with the same status, and no other. */
import { errorTable } from '../../src/errors.ts'
import type { Breach } from './sources.ts'

export function errorBreaches(doc: string): Breach[] {
  const rows = new Map([...doc.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map((match) => [match[1], Number(match[2])]))
  const table = new Map<string, number>(Object.entries(errorTable))
  const missing = [...table].filter(([code, status]) => rows.get(code) !== status)
  const extra = [...rows.keys()].filter((code) => !table.has(code))
  return [
    ...missing.map(([code, status]) => ({
      rule: 'errors',
      path: 'docs/errors.md',
      message: `needs a row | \`${code}\` | ${status} |`,
    })),
    ...extra.map((code) => ({
      rule: 'errors',
      path: 'docs/errors.md',
      message: `explains ${code}, which the table lacks`,
    })),
  ]
}
