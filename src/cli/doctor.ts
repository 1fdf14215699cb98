import type { Command } from 'commander'
import { type ErrorCode, HabitueError } from '../errors.ts'
import { type Output, output, table } from './output.ts'
import { connected, type GlobalOptions, optionsOf } from './surroundings.ts'

interface Finding {
  readonly level: string
  readonly what: string
  readonly mend: string
}

interface Report {
  readonly healthy: boolean
  readonly findings: readonly Finding[]
  readonly bytesByTable?: Readonly<Record<string, number>>
  readonly [part: string]: unknown
}

/** `habitue doctor` */
export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('What is in use, what is stored, what is wrong and how to mend it. Exits with 1 on trouble.')
    .action((_: unknown, command: Command) => doctor(optionsOf(command)))
}

async function doctor(options: GlobalOptions): Promise<void> {
  try {
    await connected(options, async (connection, out) =>
      show((await connection.request('GET', '/v1/doctor')) as Report, out),
    )
  } catch (error) {
    if (!(error instanceof HabitueError)) throw error
    const { code, message } = error
    const mend = mends[code] ?? `docs/errors.md explains ${code}.`
    const finding = { level: 'trouble', what: `${code}: ${message}`, mend }
    show({ healthy: false, findings: [finding] }, output(options.json === true))
  }
}

/** Where nothing can be examined, because the database cannot be opened or nobody answers. */
const mends: Partial<Record<ErrorCode, string>> = {
  database_corrupt: 'Restore a backup: stop Habitue, put the copy in place of the file, remove its -wal and -shm.',
  database_newer: 'Use the newer Habitue that wrote it, or restore the copy that was made before its migration.',
  database_locked: 'Stop that process, or ask it: --url and --key.',
  storage_unavailable:
    'See that the database runs, that DATABASE_URL or --data names it, and that it may be read and written.',
  storage_full: 'Make room on the disk; nothing that was acknowledged is lost.',
  invalid_config: 'Name another file with --data, make its folder, or set right what the sentence names.',
  not_running: 'Start Habitue, or leave --url out to ask about the file itself.',
  unauthorized: 'Give an admin key with --key.',
  forbidden: 'Give an admin key with --key.',
}

function show(report: Report, out: Output): void {
  out.result(report, () => described(report))
  if (!report.healthy) process.exitCode = 1
}

function described({ healthy, findings, bytesByTable = {}, ...parts }: Report): string {
  const lines = Object.entries(parts).map(([name, value]) => section(name, value))
  const tables = Object.entries(bytesByTable)
  const largest = tables.slice(0, shownTables).map(([name, bytes]) => [name, size(bytes)])
  if (tables.length > largest.length) {
    const rest = tables.slice(shownTables).reduce((sum, [, bytes]) => sum + bytes, 0)
    largest.push([`${tables.length - largest.length} more`, size(rest)])
  }
  if (largest.length > 0) lines.push(`tables with their indexes\n${indented(table(['table', 'size'], largest))}`)
  const found = findings.map(
    ({ level, what, mend }) => `${level === 'trouble' ? 'TROUBLE' : 'advice '}  ${what}\n         -> ${mend}`,
  )
  const verdict = healthy ? 'Nothing is wrong.' : 'There is trouble.'
  return [...lines, ...found, verdict].join('\n\n')
}

const shownTables = 12

/** `bytes: 1` and `clockSeconds: 2` in words. */
function section(name: string, value: unknown): string {
  if (typeof value !== 'object' || value === null) return `${words(name)}: ${shown(name, value)}`
  const rows = Object.entries(value).map(([part, inner]) => {
    if (typeof inner !== 'object' || inner === null) return `${words(part)}: ${shown(part, inner)}`
    const pairs = Object.entries(inner).map(([key, one]) => `${words(key)} ${shown(key, one)}`)
    return `${words(part)}: ${pairs.join(', ')}`
  })
  return `${words(name)}\n${indented(rows.join('\n'))}`
}

function words(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

function shown(name: string, value: unknown): string {
  if (value === null) return 'none'
  if (typeof value !== 'number') return String(value)
  if (/bytes$/i.test(name)) return size(value)
  if (/share$/i.test(name)) return `${(100 * value).toFixed(1)} %`
  return String(value)
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} KB` : `${(bytes / 1e6).toFixed(1)} MB`
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
