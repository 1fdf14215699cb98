/** A definition as text (YAML, of which JSON is a part) -> plain data, and for every error the line and column that it is about. */
import { isMap, isNode, isPair, LineCounter, parseDocument } from 'yaml'
import { HabitueError } from '../errors.ts'

export interface Trouble {
  /** From 1; absent where the definition came as data. */
  readonly line?: number
  readonly column?: number
  /** Where in the definition: `steps/2/wait/for`. */
  readonly path: string
  readonly message: string
}

export interface Source {
  readonly value: unknown
  /** The place of what stands at `path`, or of the innermost thing around it that exists. */
  place(path: readonly (string | number)[]): Pick<Trouble, 'line' | 'column'>
}

const longestSource = 200_000

/** @throws HabitueError invalid_journey */
export function readSource(text: string): Source {
  if (text.length > longestSource)
    throw invalidJourney([
      { path: '', message: `It has ${text.length} characters; expected at most ${longestSource}.` },
    ])
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true })
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  if (document.errors.length > 0)
    throw invalidJourney(
      document.errors.map((error) => ({ ...at(error.pos[0]), path: '', message: error.message.split('\n')[0] })),
    )
  return {
    value: plainData(document),
    place(path) {
      for (let length = path.length; length >= 0; length--) {
        const node = nodeAt(document.contents, path.slice(0, length))
        if (node !== null) return at(node)
      }
      return {}
    },
  }
}

/** Aliases are few and small; the limit is what keeps a text of a page from becoming gigabytes. */
function plainData(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw invalidJourney([{ path: '', message: `${(error as Error).message}.` }])
  }
}

/** The offset at which what stands at `path` begins (of a pair: its key). */
function nodeAt(contents: unknown, path: readonly (string | number)[]): number | null {
  let node: unknown = contents
  let offset: number | null = isNode(node) ? (node.range?.[0] ?? null) : null
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        ({ key }) => isNode(key) && String((key as { value?: unknown }).value) === String(part),
      )
      if (!isPair(pair) || !isNode(pair.key)) return null
      offset = pair.key.range?.[0] ?? offset
      node = pair.value
    } else if (isNode(node) && 'items' in node) {
      node = (node.items as unknown[])[Number(part)]
      if (!isNode(node)) return null
      offset = node.range?.[0] ?? offset
    } else return null
  }
  return offset
}

/** Data that has no text: errors name the path only. */
export function dataSource(value: unknown): Source {
  return { value, place: () => ({}) }
}

/** The error that lists everything that is wrong. */
export function invalidJourney(troubles: readonly Trouble[]): HabitueError {
  const told = troubles.slice(0, 10).map(({ line, column, path, message }) => {
    const where = line === undefined ? path : `line ${line}, column ${column}${path === '' ? '' : ` (${path})`}`
    return where === '' ? message : `${where}: ${message}`
  })
  const more = troubles.length > told.length ? ` And ${troubles.length - told.length} more.` : ''
  return new HabitueError('invalid_journey', `The journey is not valid. ${told.join(' ')}${more}`, { troubles })
}
