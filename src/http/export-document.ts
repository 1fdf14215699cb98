/** The export of a customer as it is sent: JSON for programs, HTML for people; both streamed, row by row. */
import { hash } from 'node:crypto'
import type { ExportDocument, ExportSection } from '../engine-api.ts'
import { escaped } from './html.ts'
import type { Language } from './pages/language.ts'

/** Bytes gathered before they are sent. */
const chunkBytes = 32 * 1024

/** `{format, exported, names, data: {table: [row, ...]}}` */
export async function* exportJson(document: ExportDocument): AsyncGenerator<string> {
  const { exported, names, sections } = document
  const head = { format: 'habitue export 1', exported: new Date(exported).toISOString(), names }
  yield* gathered(jsonParts(`${JSON.stringify(head).slice(0, -1)},"data":{`, sections))
}

async function* jsonParts(head: string, sections: readonly ExportSection[]): AsyncGenerator<string> {
  yield head
  for (const [i, { name, rows }] of sections.entries()) {
    yield `${i === 0 ? '' : ','}\n${JSON.stringify(name)}:[`
    let first = true
    for await (const row of rows) {
      yield `${first ? '' : ','}\n${JSON.stringify(row)}`
      first = false
    }
    yield ']'
  }
  yield '}}\n'
}

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem}
article{border-top:1px solid #bbb;padding:.6rem 0}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:0}
dt{color:#555}dd{margin:0;overflow-wrap:anywhere}`

/** Of the page's style element, for its Content-Security-Policy. */
export const exportStyleHash = hash('sha256', style, 'base64')

/** One page, readable without scripts, in the customer's language; every text of his and of the shop is escaped. */
export async function* exportHtml(document: ExportDocument, language: Language): AsyncGenerator<string> {
  yield* gathered(htmlParts(document, language))
}

async function* htmlParts(
  { exported, names, sections }: ExportDocument,
  { words, exported: own }: Language,
): AsyncGenerator<string> {
  yield `<!doctype html>\n<html lang="${words.language}"><head><meta charset="utf-8"><title>${escaped(own.title)}</title>`
  yield `<meta name="viewport" content="width=device-width"><style>${style}</style></head><body><main>\n`
  yield `<h1>${escaped(own.title)}</h1>\n`
  yield `<p>${escaped(own.lead(new Date(exported).toISOString()))}</p>\n<ul>`
  for (const { kind, value } of names) yield `<li>${escaped(words.identifiers[kind] ?? kind)}: ${escaped(value)}</li>`
  yield '</ul>\n'
  for (const { name, title, rows } of sections) {
    let count = 0
    for await (const row of rows) {
      if (count++ === 0) yield `<section><h2>${escaped(own.sections[name] ?? title)}</h2>\n`
      yield `<article>${described(row, own.fields)}</article>\n`
    }
    if (count > 0) yield '</section>\n'
  }
  yield '</main></body></html>\n'
}

function described(value: unknown, fields: Readonly<Record<string, string>> = {}): string {
  if (Array.isArray(value)) return value.map((one) => (isPlain(one) ? text(one) : described(one))).join(', ')
  if (value === null || typeof value !== 'object') return text(value)
  const entries = Object.entries(value).map(([name, inner]) => {
    const said = Object.hasOwn(fields, name) ? fields[name] : name.replaceAll('_', ' ')
    return `<dt>${escaped(said)}</dt><dd>${isPlain(inner) ? text(inner) : described(inner)}</dd>`
  })
  return `<dl>${entries.join('')}</dl>`
}

const isPlain = (value: unknown) => value === null || typeof value !== 'object'
const text = (value: unknown) => escaped(String(value))

async function* gathered(parts: AsyncIterable<string>): AsyncGenerator<string> {
  let waiting = ''
  for await (const part of parts) {
    waiting += part
    if (waiting.length < chunkBytes) continue
    yield waiting
    waiting = ''
  }
  if (waiting !== '') yield waiting
}
