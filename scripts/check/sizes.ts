/** Sizes past which a file is no longer one thing. Functions are measured by the linter. */
import type { Breach, Source } from './sources.ts'

const limit = 500

/** Files that may be longer, each with its reason. */
const exceptions: Readonly<Record<string, string>> = {}

export function sizeBreaches(sources: readonly Source[]): Breach[] {
  return sources
    .filter((source) => !source.isTest && source.lines > limit && !(source.path in exceptions))
    .map((source) => ({
      rule: 'size',
      path: source.path,
      message: `${source.lines} lines; split it along its meaning (limit ${limit})`,
    }))
}

const vague = /(^|\/)(utils?|helpers?|common|types|misc)(\.ts|\/)/

export function nameBreaches(sources: readonly Source[]): Breach[] {
  return sources
    .filter((source) => vague.test(source.path))
    .map((source) => ({ rule: 'names', path: source.path, message: 'name the thing that lives here' }))
}
