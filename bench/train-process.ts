/** One fit in a process of its own, so that its memory is its own. Prints one object. */
import { parseArgs } from 'node:util'
import { matrixFromTriples } from '../src/models/matrix.ts'
import type { TrainingData } from '../src/models/model.ts'
import { modelKind, modelOptions } from '../src/models/registry.ts'
import { readContent, readRatings } from './rating-file.ts'
import { forgetPeak, memoryOf } from './server.ts'

const { values } = parseArgs({
  options: {
    kind: { type: 'string', default: 'ease' },
    set: { type: 'string', multiple: true, default: [] },
    ratings: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
  },
})

const { users, items, userOf, itemOf, times } = readRatings(values.ratings)
const known = matrixFromTriples({ users: userOf, items: itemOf, times }, users, items)
const data: TrainingData = {
  ...known,
  content: readContent(values.ratings),
  now: times.reduce((a, b) => Math.max(a, b), 0),
  seed: Number(values.seed),
}
const kind = modelKind(values.kind)
const options = modelOptions(kind, Object.fromEntries(values.set.map((pair) => pair.split('='))))

const before = memoryOf(process.pid)
forgetPeak(process.pid)
const cpu = process.cpuUsage()
const started = performance.now()
/** Milliseconds from the start to each step that the fit told of. */
const steps: number[] = []
const progress = { step: () => void steps.push(performance.now() - started), signal: new AbortController().signal }
const model = await kind.fit(data, options, progress)
const seconds = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(cpu)
const result = {
  seconds,
  cpuSeconds: (user + system) / 1e6,
  /** Between steps: an epoch of ALS. */
  stepSeconds: steps.slice(1).map((at, i) => (at - steps[i]) / 1000),
  beforeMb: before?.residentMb ?? null,
  peakMb: memoryOf(process.pid)?.peakMb ?? null,
  bytes: model.toBytes().length,
  report: (model as { report?: unknown }).report ?? null,
}
model.dispose?.()
process.stdout.write(`${JSON.stringify(result)}\n`)
