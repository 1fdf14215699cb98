/** A Merchant feed in XML, RSS 2.0 or Atom -> records, one an `item` or `entry`, as the text comes in. */
import { SaxesParser } from 'saxes'
import { mendAmpersands } from './ampersands.ts'
import { type MerchantRecord, merchantName } from './merchant.ts'
import type { BadLine } from './rows.ts'

export interface XmlRecord {
  /** Where the item begins. */
  readonly line: number
  readonly record: MerchantRecord
}

export interface XmlChunk {
  readonly records: readonly XmlRecord[]
  readonly bad: readonly BadLine[]
}

/** Longest text of one element; a megabyte within a title is an attack or a mistake. */
const longestText = 1024 * 1024

/** Entities of HTML that feeds use all the same. */
const entities: Readonly<Record<string, string>> = {
  nbsp: '\u00a0',
  copy: '©',
  reg: '®',
  trade: '™',
  hellip: '…',
  ndash: '–',
  mdash: '—',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  euro: '€',
  pound: '£',
  deg: '°',
  times: '×',
  auml: 'ä',
  ouml: 'ö',
  uuml: 'ü',
  Auml: 'Ä',
  Ouml: 'Ö',
  Uuml: 'Ü',
  szlig: 'ß',
  eacute: 'é',
  egrave: 'è',
  agrave: 'à',
  ccedil: 'ç',
  ntilde: 'ñ',
}

/** Faults outside of items that are reported; what is no XML at all has one at every character. */
const mostStrays = 5

/** Records of the document. An item that is not well formed is reported with its line; the others are read. */
export async function* readMerchantXml(chunks: AsyncIterable<string> | Iterable<string>): AsyncGenerator<XmlChunk> {
  const reader = new FeedReader()
  for await (const chunk of mendAmpersands(chunks)) {
    reader.write(chunk)
    yield reader.take()
  }
  reader.close()
  yield reader.take()
}

class FeedReader {
  readonly #parser = new SaxesParser({ xmlns: false, position: true })
  #records: XmlRecord[] = []
  #bad: BadLine[] = []
  /** Names of the open elements. */
  readonly #path: string[] = []
  /** Depth of the open item; 0 = none. */
  #depth = 0
  #line = 0
  #record = new Map<string, string[]>()
  #text = ''
  #trouble: string | null = null
  #strays = 0

  constructor() {
    const parser = this.#parser
    Object.assign(parser.ENTITIES, entities)
    parser.on('opentag', ({ name, attributes }) => this.#open(name, attributes))
    parser.on('closetag', ({ name }) => this.#close(name))
    parser.on('text', (text) => this.#append(text))
    parser.on('cdata', (text) => this.#append(text))
    parser.on('error', (error) => this.#fail(error.message))
  }

  write(chunk: string): void {
    this.#parser.write(chunk)
  }

  close(): void {
    const open = this.#depth > 0
    this.#parser.close()
    // What was cut off within an item was reported by the parser as a tag that is not closed.
    if (open && this.#trouble !== null) this.#report(this.#line, this.#trouble)
  }

  take(): XmlChunk {
    const chunk = { records: this.#records, bad: this.#bad }
    this.#records = []
    this.#bad = []
    return chunk
  }

  #open(name: string, attributes: Readonly<Record<string, string>>): void {
    this.#path.push(name)
    if (this.#depth === 0) {
      if (name !== 'item' && name !== 'entry') return
      this.#depth = this.#path.length
      this.#line = this.#parser.line
      this.#record = new Map()
      this.#trouble = null
    } else if (this.#path.length === this.#depth + 1) {
      this.#text = ''
      // Atom writes <link href="..."/>.
      if (name === 'link' && attributes.href !== undefined) this.#add('link', attributes.href)
    }
  }

  #close(name: string): void {
    if (this.#depth > 0 && this.#path.length === this.#depth + 1) {
      if (this.#text.trim() !== '') this.#add(merchantName(name), this.#text)
    } else if (this.#depth > 0 && this.#path.length === this.#depth) {
      if (this.#trouble === null) this.#records.push({ line: this.#line, record: this.#record })
      else this.#report(this.#line, this.#trouble)
      this.#depth = 0
      this.#trouble = null
    }
    this.#path.pop()
  }

  /** Text of the item's own elements; what stands deeper (shipping, tax) is no attribute of the item. */
  #append(text: string): void {
    if (this.#depth === 0 || this.#path.length !== this.#depth + 1) return
    if (this.#text.length + text.length > longestText) this.#trouble ??= 'an element is longer than a megabyte'
    else this.#text += text
  }

  #add(name: string, value: string): void {
    const values = this.#record.get(name)
    if (values) values.push(value)
    else this.#record.set(name, [value])
  }

  #fail(message: string): void {
    const what = `it is not well-formed XML: ${message.replace(/^\d+:\d+: /, '').replace(/\.$/, '')}`
    if (this.#depth > 0) this.#trouble ??= what
    else if (++this.#strays <= mostStrays) this.#report(this.#parser.line, what)
  }

  #report(line: number, what: string): void {
    this.#bad.push({ line, code: 'invalid_item', message: `Line ${line}: ${what}.` })
  }
}
