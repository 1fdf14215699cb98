/** Figures for people, and one object on the last line for programs. */
import { execFileSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import type { Measure } from './bench.ts'

export interface Reported extends Measure {
  readonly bench: string
}

export function table(measures: readonly Reported[]): string {
  const rows = measures.map(({ bench, what, value, unit, goal }) => [
    bench,
    what,
    `${shown(value)} ${unit}`,
    goal ? `${goal.is} ${shown(goal.value)}` : '',
    goal ? (reached(value, goal) ? 'reached' : 'MISSED') : '',
  ])
  const all = [['bench', 'what', 'measured', 'goal', ''], ...rows]
  const widths = all[0].map((_, i) => Math.max(...all.map((row) => row[i].length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i === 2 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd()
  return [line(all[0]), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

export function reached(value: number, goal: NonNullable<Measure['goal']>): boolean {
  return goal.is === 'at least' ? value >= goal.value : value <= goal.value
}

function shown(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

/** What the figures were measured on. `load` before and after: others on the machine make every figure worse. */
export function machine(loadBefore: readonly number[]): Record<string, unknown> {
  const all = cpus()
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    node: process.versions.node,
    sqlite: process.versions.sqlite,
    commit: commit(),
    load: { before: loadBefore.map(twoDigits), after: loadavg().map(twoDigits) },
  }
}

const twoDigits = (value: number) => Number(value.toFixed(2))

function commit(): string | null {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return null
  }
}
