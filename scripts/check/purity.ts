/** What may be touched only in one place: the environment, the clock and chance, and each concept's tables. */
import { layerOf } from './imports.ts'
import { type Breach, lineAt, type Source, withoutComments } from './sources.ts'

const single: readonly { readonly pattern: RegExp; readonly home: string; readonly name: string }[] = [
  { pattern: /\bprocess\.env\b/g, home: 'src/config.ts', name: 'process.env' },
  { pattern: /\bDate\.now\s*\(|\bnew Date\(\s*\)/g, home: 'src/world.ts', name: 'the clock' },
  { pattern: /\bMath\.random\b/g, home: 'src/world.ts', name: 'Math.random' },
  { pattern: /\brandomUUID\b|\brandomBytes\b/g, home: 'src/world.ts', name: 'a random identifier' },
]

/** Test helps and the commands outside src/ may look at the environment; the engine may not. */
export function singleHomeBreaches(sources: readonly Source[]): Breach[] {
  return sources
    .filter((source) => source.path.startsWith('src/') && !source.isTest)
    .flatMap((source) => {
      const code = withoutComments(source.text)
      return single
        .filter((rule) => rule.home !== source.path)
        .flatMap((rule) =>
          [...code.matchAll(rule.pattern)].map((match) => ({
            rule: 'one home',
            path: source.path,
            line: lineAt(code, match.index),
            message: `${rule.name} is only for ${rule.home}`,
          })),
        )
    })
}

/** Reads of another concept's table that are worth their exception, each with its reason. */
const readAcross: Readonly<Record<string, { readonly tables: readonly string[]; readonly reason: string }>> = {}

/** table -> folder, as the headings in `src/db/tables.ts` and its parts say. */
export function tableOwners(tablesSource: string): Map<string, string> {
  const owners = new Map<string, string>()
  const body = tablesSource.slice(tablesSource.search(/^export interface \w*Tables /m))
  let owner = ''
  for (const line of body.split('\n').slice(1)) {
    if (line === '}') break
    const heading = /^ {2}\/\/ (\w+)$/.exec(line)
    const table = /^ {2}(\w+): /.exec(line)
    if (heading) owner = heading[1]
    else if (table) owners.set(table[1], owner)
  }
  return owners
}

/** SQL on a table only in the folder that owns it. */
export function sqlBreaches(sources: readonly Source[], owners: ReadonlyMap<string, string>): Breach[] {
  const names = [...owners.keys()].join('|')
  const builder = new RegExp(
    `\\b(?:selectFrom|insertInto|updateTable|deleteFrom|mergeInto|\\w*[jJ]oin|insertRows|insertReturningIds|insertNew|insertMissing|selectByKeys|upsertFold|upsertRows|updateByKeys|deleteByKeys)\\s*(?:<[^(]*>)?\\(\\s*(?:[\\w.]+\\s*,\\s*)?\\[?['"\`](${names})\\b`,
    'g',
  )
  const raw = new RegExp(`\\b(?:from|join|into|update|delete from)\\s+(${names})\\b`, 'gi')
  return sources
    .filter((source) => source.path.startsWith('src/') && !source.isTest)
    .flatMap((source) => {
      const code = withoutComments(source.text)
      const matches = [
        ...code.matchAll(builder),
        ...[...code.matchAll(raw)].filter((match) => inTemplate(code, match.index)),
      ]
      return matches.flatMap((match) => {
        const table = match[1].toLowerCase()
        const owner = owners.get(table) as string
        if (owner === layerOf(source.path) || layerOf(source.path) === 'db') return []
        if (readAcross[source.path]?.tables.includes(table)) return []
        return [
          {
            rule: 'tables',
            path: source.path,
            line: lineAt(code, match.index),
            message: `the table ${table} belongs to src/${owner}/`,
          },
        ]
      })
    })
}

/** Whether a character stands inside a string on its line: prose in code is not SQL. */
function inTemplate(code: string, index: number): boolean {
  const before = code.slice(0, index)
  return (before.split('`').length - 1) % 2 === 1
}
