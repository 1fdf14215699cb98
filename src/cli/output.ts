/** What commands print: tables and sentences for people, with `--json` one object a line for programs. */
import { Presets, SingleBar } from 'cli-progress'
import { HabitueError } from '../errors.ts'
import { Interrupted } from './interruption.ts'

export interface Output {
  readonly json: boolean
  /** For people only. */
  say(text: string): void
  /** The result: for people as `text`, for programs as one line of JSON. */
  result(value: unknown, text: () => string): void
  progress(title: string): ProgressBar
}

export interface ProgressBar {
  set(done: number, total: number, note: string): void
  stop(): void
}

export function output(json: boolean): Output {
  return {
    json,
    say: (text) => {
      if (!json) process.stdout.write(`${text}\n`)
    },
    result: (value, text) => {
      process.stdout.write(json ? `${JSON.stringify(value)}\n` : `${text()}\n`)
    },
    progress: (title) => (process.stderr.isTTY && !json ? bar(title) : lines(title, json)),
  }
}

function bar(title: string): ProgressBar {
  const single = new SingleBar(
    { format: `${title} {bar} {percentage}% {note}`, hideCursor: true, clearOnComplete: false, stream: process.stderr },
    Presets.shades_classic,
  )
  let started = false
  return {
    set(done, total, note) {
      if (!started) single.start(100, 0, { note })
      started = true
      single.update(Math.floor((100 * done) / Math.max(1, total)), { note })
    },
    stop() {
      if (started) single.stop()
    },
  }
}

/** Where no terminal shows a bar: a line at each tenth. */
function lines(title: string, silent: boolean): ProgressBar {
  let tenth = -1
  return {
    set(done, total, note) {
      const now = Math.floor((10 * done) / Math.max(1, total))
      if (silent || now <= tenth) return
      tenth = now
      process.stderr.write(`${title}: ${now * 10}% ${note}\n`)
    },
    stop() {},
  }
}

/** Columns aligned; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  const cells = rows.map((row) => row.map((cell) => (cell === null ? '' : String(cell))))
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i].length)))
  const right = head.map(
    (_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number' || row[i] === null),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (right[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd()
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n')
}

/** Says what went wrong and answers the exit code: 1, or 130 where Ctrl-C stopped it. */
export function fail(error: unknown, json: boolean): number {
  const interrupted = error instanceof Interrupted
  const known = interrupted || error instanceof HabitueError
  const code = error instanceof HabitueError ? error.code : interrupted ? 'interrupted' : 'unexpected'
  const message = error instanceof Error ? error.message : String(error)
  if (json) process.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`)
  else process.stderr.write(`${code}: ${message}\n`)
  if (!known && error instanceof Error && !json) process.stderr.write(`${error.stack}\n`)
  return interrupted ? 130 : 1
}
