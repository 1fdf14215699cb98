/**
 * Feeds are written by hand more often than XML allows: `Beer & more`. To a parser such an ampersand opens an entity
 * that goes on to the next semicolon, which may be the end of the file; so it is written as `&amp;` before it gets there.
 */

const open = '<![CDATA['
const close = ']]>'
/** An ampersand that begins no entity. */
const bare = /&(?!(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{0,30});)/gi
/** Longest entity, with its ampersand: what may be cut by the end of a chunk. */
const longestEntity = 33

/** The text with bare ampersands escaped, except within CDATA. */
export async function* mendAmpersands(chunks: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  let rest = ''
  let inData = false
  for await (const chunk of chunks) {
    const text = rest + chunk
    const mended = mend(text, inData, false)
    yield mended.text
    inData = mended.inData
    rest = text.slice(mended.used)
  }
  if (rest !== '') yield mend(rest, inData, true).text
}

/** Mends as much of `text` as can be judged without what follows; all of it if `final`. */
function mend(text: string, startsInData: boolean, final: boolean): { text: string; used: number; inData: boolean } {
  let out = ''
  let at = 0
  let inData = startsInData
  for (;;) {
    const mark = inData ? close : open
    const next = text.indexOf(mark, at)
    if (next < 0) {
      const end = final ? text.length : undecided(text, at, inData)
      const part = text.slice(at, end)
      return { text: out + (inData ? part : part.replaceAll(bare, '&amp;')), used: end, inData }
    }
    const part = text.slice(at, next)
    out += (inData ? part : part.replaceAll(bare, '&amp;')) + mark
    at = next + mark.length
    inData = !inData
  }
}

/** From where on the text may turn out to be the beginning of a mark or of an entity. */
function undecided(text: string, from: number, inData: boolean): number {
  const tail = inData ? text.lastIndexOf(']', text.length) : text.lastIndexOf('<')
  const mark =
    tail >= from && text.length - tail < open.length ? (text[tail - 1] === ']' ? tail - 1 : tail) : text.length
  if (inData) return Math.max(from, mark)
  const ampersand = text.lastIndexOf('&')
  const entity = ampersand >= from && text.length - ampersand < longestEntity ? ampersand : text.length
  return Math.min(mark, entity)
}
