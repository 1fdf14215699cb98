/** Text in chunks -> physical lines. */

/** A line longer than this is not a line of data; it is reported, and its text is let go. */
export const longestLine = 1024 * 1024

/**
 * Lines without their ends, in arrays as the chunks bring them; null for one that is too long. A line ends at LF or
 * CRLF; in a file without any LF at CR.
 */
export async function* readLines(chunks: AsyncIterable<string> | Iterable<string>): AsyncGenerator<(string | null)[]> {
  let carry = ''
  let tooLong = false
  let end = ''
  for await (const next of chunks) {
    let chunk = next
    if (end === '') {
      chunk = carry + next
      carry = ''
      if (chunk.includes('\n')) end = '\n'
      else if (/\r./s.test(chunk)) end = '\r'
      else if (chunk.length <= longestLine) {
        // No line has ended yet, or one that a line feed may still follow.
        carry = chunk
        continue
      } else end = '\n'
    }
    const lines: (string | null)[] = []
    let from = 0
    for (let at = chunk.indexOf(end); at >= 0; at = chunk.indexOf(end, from)) {
      const line = from === 0 ? carry + chunk.slice(0, at) : chunk.slice(from, at)
      lines.push(tooLong || line.length > longestLine ? null : withoutReturn(line))
      if (from === 0) carry = ''
      tooLong = false
      from = at + 1
    }
    carry += chunk.slice(from)
    if (carry.length > longestLine) {
      carry = ''
      tooLong = true
    }
    if (lines.length > 0) yield lines
  }
  if (tooLong) yield [null]
  else if (carry !== '') yield [withoutReturn(carry)]
}

function withoutReturn(line: string): string {
  return line.charCodeAt(line.length - 1) === 13 ? line.slice(0, -1) : line
}
