/** Reads JSON from bytes that a stranger sent: says where it is malformed, and refuses bombs before they go off. */
import { isUtf8 } from 'node:buffer'
import { HabitueError } from '../errors.ts'

/** Deeper nesting is refused: whatever walks the value later (copying, printing) may recurse. */
export const deepest = 64

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d]

/** The text of a JSON body. @throws HabitueError invalid_json (not UTF-8), invalid_body (nested too deeply) */
export function jsonText(bytes: Buffer): string {
  if (!isUtf8(bytes)) {
    const position = firstBadByte(bytes)
    throw new HabitueError('invalid_json', `The body is not valid UTF-8 at byte ${position}.`, { position })
  }
  if (tooDeep(bytes)) {
    throw new HabitueError('invalid_body', `The body is nested more than ${deepest} levels deep.`, { deepest })
  }
  const text = bytes.toString('utf8')
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

/** The error for a `text` that `JSON.parse` refused, with the position (in characters, from 0) where it goes wrong. */
export function malformedJson(text: string): HabitueError {
  if (text.trim() === '') return new HabitueError('invalid_json', 'The body is empty; expected JSON.', { position: 0 })
  const position = errorPosition(text)
  const got = position >= text.length ? 'the end of the text' : JSON.stringify(text[position])
  const before = text.slice(0, position)
  const [line, column] = [before.split('\n').length, position - before.lastIndexOf('\n')]
  return new HabitueError(
    'invalid_json',
    `The body is not JSON: unexpected ${got} at position ${position} (line ${line}, column ${column}).`,
    { position, line, column },
  )
}

/** Whether a text in `value` (a parsed JSON text) holds NUL or half a surrogate pair, which PostgreSQL cannot store. */
export function holdsUnstorable(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed()
  if (value === null || typeof value !== 'object') return false
  return Object.entries(value).some(([name, inner]) => holdsUnstorable(name) || holdsUnstorable(inner))
}

function tooDeep(bytes: Buffer): boolean {
  let depth = 0
  let inText = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (inText) {
      if (byte === backslash) i++
      else if (byte === quote) inText = false
    } else if (byte === quote) inText = true
    else if (byte === openBrace || byte === openBracket) {
      if (++depth > deepest) return true
    } else if (byte === closeBrace || byte === closeBracket) depth--
  }
  return false
}

/** Decoding puts U+FFFD in the place of what is malformed; encoded again, the bytes first differ there. */
function firstBadByte(bytes: Buffer): number {
  const again = Buffer.from(bytes.toString('utf8'))
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== again[i]) return i
  return bytes.length
}

const space = /[\t\n\r ]*/y
const scalar =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids control characters in texts
  /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y

/** Where a grammar of RFC 8259 stops matching; nesting is kept on a stack of closing brackets. */
function errorPosition(text: string): number {
  const open: string[] = []
  let at = skip(space, text, 0)
  let expect: 'value' | 'value or end' | 'name' | 'name or end' | 'after' = 'value'
  for (;;) {
    const char = text[at]
    if (expect === 'after') {
      const closing = open.at(-1)
      if (closing === undefined) return at
      if (char === closing) open.pop()
      else if (char === ',') expect = closing === '}' ? 'name' : 'value'
      else return at
      at++
    } else if ((expect === 'name or end' || expect === 'value or end') && char === open.at(-1)) {
      open.pop()
      expect = 'after'
      at++
    } else if (expect === 'name' || expect === 'name or end') {
      const end = char === '"' ? skip(scalar, text, at) : at
      const colon = skip(space, text, end)
      if (end === at || text[colon] !== ':') return end === at ? at : colon
      at = colon + 1
      expect = 'value'
    } else if (char === '{' || char === '[') {
      open.push(char === '{' ? '}' : ']')
      expect = char === '{' ? 'name or end' : 'value or end'
      at++
    } else {
      const end = skip(scalar, text, at)
      if (end === at) return at
      at = end
      expect = 'after'
    }
    at = skip(space, text, at)
  }
}

/** The end of the match of a sticky `pattern` at `at`, or `at` when there is none. */
function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}
