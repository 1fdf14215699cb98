import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { longestLine, readLines } from './lines.ts'
import { type BadLine, guessDelimiter, type Row, readRows } from './rows.ts'

async function rowsOf(chunks: string[], options: { delimiter?: string; damaged?: boolean } = {}) {
  const rows: Row[] = []
  const bad: BadLine[] = []
  for await (const chunk of readRows(chunks, { delimiter: ',', ...options })) {
    rows.push(...chunk.rows)
    bad.push(...chunk.bad)
  }
  return { rows: rows.map(({ line, fields }) => [line, ...fields]), bad }
}

/** Cuts a text into chunks at the given places. */
function cut(text: string, places: number[]): string[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((from, i) => text.slice(from, at[i])).filter((chunk) => chunk !== '')
}

describe('rows of delimited text', () => {
  it('equal those of csv-parse on well-formed text, however it is cut into chunks', async () => {
    const field = fc.string({ unit: fc.constantFrom('a', 'é', ' ', ',', '"', '\n', '1', ';', '😀'), maxLength: 6 })
    const write = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
    await fc.assert(
      fc.asyncProperty(
        fc
          .integer({ min: 2, max: 4 })
          .chain((width) =>
            fc.array(fc.array(field, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 12 }),
          ),
        fc.constantFrom('\n', '\r\n'),
        fc.array(fc.nat()),
        async (records, end, places) => {
          const text = records.map((record) => record.map(write).join(',')).join(end)
          const expected = parse(text, { relax_quotes: false }) as string[][]
          const { rows, bad } = await rowsOf(cut(text, places))
          expect(bad).toEqual([])
          expect(rows.map(([, ...fields]) => fields)).toEqual(expected)
        },
      ),
      { seed: 3, numRuns: 300 },
    )
  })

  it('carry the line at which they begin; empty lines are passed over', async () => {
    const { rows } = await rowsOf(['a,b\r\n\r\n1,"x\r\n', 'y"\r\n\n2,z'])
    expect(rows).toEqual([
      [1, 'a', 'b'],
      [3, '1', 'x\ny'],
      [6, '2', 'z'],
    ])
  })

  it('of another width are reported, empty columns at the end aside', async () => {
    const { rows, bad } = await rowsOf(['a,b\n1\n1,2,3\n1,2,,\n4,5\n'])
    expect(rows).toEqual([
      [1, 'a', 'b'],
      [4, '1', '2'],
      [5, '4', '5'],
    ])
    expect(bad.map(({ line, message }) => [line, message])).toEqual([
      [2, 'Line 2 has 1 columns; expected 2, as the header has.'],
      [3, 'Line 3 has 3 columns; expected 2, as the header has.'],
    ])
  })

  it('a quote that is never closed costs its own line and no other', async () => {
    const { rows, bad } = await rowsOf(['a,b\n1,"open\n2,x\n3,"shut"\n4,"also open\n5,y\n'])
    expect(bad.map(({ line }) => line)).toEqual([2, 5])
    expect(rows.map(([line]) => line)).toEqual([1, 3, 4, 6])
  })

  it('quotes within a field are kept as they are', async () => {
    const { rows } = await rowsOf(['a,b\n5" pipe,the "best"\n"x"y,z\n'])
    expect(rows.slice(1)).toEqual([
      [2, '5" pipe', 'the "best"'],
      [3, 'xy', 'z'],
    ])
  })

  it('with bytes that its encoding does not allow are reported where the file has such', async () => {
    const { rows, bad } = await rowsOf(['a,b\n1,caf\ufffd\n2,"\ufffd"\n3,x\n'], { damaged: true })
    expect(bad.map(({ line }) => line)).toEqual([2, 3])
    expect(rows).toHaveLength(2)
  })

  it('a line of more than a megabyte is reported, and the next is read', async () => {
    const { rows, bad } = await rowsOf([
      'a,b\n1,',
      ...Array.from({ length: 12 }, () => 'x'.repeat(longestLine / 10)),
      '\n2,y\n',
    ])
    expect(bad).toMatchObject([{ line: 2, message: 'Line 2 is longer than a megabyte.' }])
    expect(rows[1]).toEqual([3, '2', 'y'])
  })
})

describe('lines', () => {
  it('end at LF, CRLF, or CR alone, wherever the chunks are cut', async () => {
    const linesOf = async (text: string, places: number[]) => {
      const all: (string | null)[] = []
      for await (const lines of readLines(cut(text, places))) all.push(...lines)
      return all
    }
    for (const text of ['a\nb\n\nc', 'a\r\nb\r\n\r\nc']) {
      for (let at = 1; at < text.length; at++) expect(await linesOf(text, [at])).toEqual(['a', 'b', '', 'c'])
    }
    expect(await linesOf('a\rb\r\rc\r', [])).toEqual(['a', 'b', '', 'c'])
  })
})

describe('the delimiter', () => {
  it('is what the header has most of, outside quotes', () => {
    expect(['a,b,c', 'a;b;"c,d,e,f"', 'a\tb c\td', 'a|b', 'a'].map(guessDelimiter)).toEqual([',', ';', '\t', '|', ','])
  })
})
