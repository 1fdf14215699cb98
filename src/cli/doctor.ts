import type { Command } from 'commander'
import { connected, optionsOf } from './surroundings.ts'

interface Report {
  readonly healthy: boolean
  readonly findings: readonly { readonly level: string; readonly what: string; readonly mend: string }[]
  readonly [part: string]: unknown
}

/** `habitue doctor` */
export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('What is in use, what is stored, what is wrong and how to mend it. Exits with 1 on trouble.')
    .action((_: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const report = (await connection.request('GET', '/v1/doctor')) as Report
        out.result(report, () => described(report))
        if (!report.healthy) process.exitCode = 1
      }),
    )
}

function described({ healthy, findings, ...parts }: Report): string {
  const lines = Object.entries(parts).map(([name, value]) => `${name}:\n${indented(value)}`)
  const found = findings.map(
    ({ level, what, mend }) => `${level === 'trouble' ? 'TROUBLE' : 'advice '}  ${what}\n         -> ${mend}`,
  )
  return [
    ...lines,
    '',
    ...(found.length > 0 ? found : ['Nothing is wrong.']),
    ...(healthy ? [] : ['', 'There is trouble.']),
  ].join('\n')
}

function indented(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `  ${value ?? 'none'}`
  return Object.entries(value)
    .map(([name, part]) => `  ${name}: ${typeof part === 'object' && part !== null ? JSON.stringify(part) : part}`)
    .join('\n')
}
