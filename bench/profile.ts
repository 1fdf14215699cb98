/**
 * `node bench/profile.ts FILE...`: where the time of CPU profiles (`--profile`, or `node --cpu-prof`) went: functions by their own
 * time, one table a thread.
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[]
}

const shown = 40

for (const file of process.argv.slice(2)) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as Profile
  const places = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => {
      const where = url === '' ? '' : ` ${url.replace(/^.*\/(src|bench|node_modules)\//, '$1/')}:${lineNumber + 1}`
      return [id, `${functionName || '(anonymous)'}${where}`]
    }),
  )
  const own = new Map<string, number>()
  let total = 0
  samples.forEach((id, i) => {
    const place = places.get(id) ?? '?'
    own.set(place, (own.get(place) ?? 0) + timeDeltas[i])
    if (place !== '(idle)') total += timeDeltas[i]
  })
  const rows = [...own].filter(([place]) => place !== '(idle)').sort(([, a], [, b]) => b - a)
  process.stdout.write(`${basename(file)}: ${(total / 1e6).toFixed(2)} s busy\n`)
  for (const [place, micros] of rows.slice(0, shown)) {
    process.stdout.write(`${((100 * micros) / total).toFixed(1).padStart(6)} %  ${place}\n`)
  }
}
