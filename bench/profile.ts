/**
 * `node bench/profile.ts FILE...`: where the time of CPU profiles (`--profile`, or `node --cpu-prof`) went: functions by their own
 * time, then functions of the project by their time with all that they called. One pair of tables a thread.
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly children?: readonly number[]
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[]
}

const shown = 30

for (const file of process.argv.slice(2)) {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]))
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])))
  const own = new Map<string, number>()
  const whole = new Map<string, number>()
  let busy = 0
  profile.samples.forEach((id, i) => {
    const micros = profile.timeDeltas[i]
    const place = places.get(id) ?? '?'
    if (place === '(idle)') return
    busy += micros
    own.set(place, (own.get(place) ?? 0) + micros)
    const stack = new Set<string>()
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) stack.add(places.get(at) ?? '?')
    for (const one of stack) if (/ (src|bench|test)\//.test(one)) whole.set(one, (whole.get(one) ?? 0) + micros)
  })
  process.stdout.write(`${basename(file)}: ${(busy / 1e6).toFixed(2)} s busy\n  by own time\n`)
  print(own, busy)
  process.stdout.write('  with all that they called\n')
  print(whole, busy)
}

function placeOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const where = url === '' ? '' : ` ${url.replace(/^.*\/(src|bench|test|node_modules)\//, '$1/')}:${lineNumber + 1}`
  return `${functionName || '(anonymous)'}${where}`
}

function print(times: ReadonlyMap<string, number>, busy: number): void {
  const rows = [...times].sort(([, a], [, b]) => b - a).slice(0, shown)
  for (const [place, micros] of rows)
    process.stdout.write(`${((100 * micros) / busy).toFixed(1).padStart(6)} %  ${place}\n`)
}
