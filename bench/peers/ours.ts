/** A kind of model on the files that peers.py reads, judged by the same protocols. Prints one object. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { scoreCandidates } from '../../src/evaluation/candidates.ts'
import { latest, scoreTopn } from '../../src/evaluation/topn.ts'
import { makeTopK } from '../../src/kernels/topk.ts'
import { historyOf, matrixFromTriples } from '../../src/models/matrix.ts'
import type { Model, TrainingData } from '../../src/models/model.ts'
import { modelKind, modelOptions } from '../../src/models/registry.ts'
import { median } from '../bench.ts'
import { readRatings } from '../rating-file.ts'

const { values } = parseArgs({
  options: {
    kind: { type: 'string', default: 'als' },
    folder: { type: 'string', default: '' },
    set: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: '1' },
  },
})

const { users, items, userOf, itemOf, times } = readRatings(join(values.folder, 'ratings'))
const triples = { users: userOf, items: itemOf, times }
const splitFile = join(values.folder, 'split')
const split = existsSync(splitFile) ? readFileSync(splitFile) : null
const [valid, held] = [1, 2]
const known = matrixFromTriples(triples, users, items, (e) => split?.[e] !== held)
const data: TrainingData = {
  ...known,
  tuneOn: split ? tuning(split) : undefined,
  now: latest(known.times),
  seed: Number(values.seed),
}
const kind = modelKind(values.kind)
const options = modelOptions(kind, Object.fromEntries(values.set.map((pair) => pair.split('='))))
const steps: number[] = []
const started = performance.now()
const used = process.cpuUsage()
const progress = { step: () => void steps.push(performance.now()), signal: new AbortController().signal }
const model = await kind.fit(data, options, progress)
const fitSeconds = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(used)
const cpuSeconds = (user + system) / 1e6
const metrics = split
  ? scoreTopn(
      model,
      data,
      matrixFromTriples(triples, users, items, (e) => split[e] === held),
    )
  : scoreCandidates(model, data, lists())
const epochSeconds = steps.slice(1).map((at, i) => (at - steps[i]) / 1000)
process.stdout.write(`${JSON.stringify({ metrics, fitSeconds, cpuSeconds, epochSeconds, ...latency(model) })}\n`)
model.dispose?.()

/** 1 for each entry that the split calls valid. The split has one word a rating, so no entry was dropped on the way. */
function tuning(parts: Uint8Array): Uint8Array {
  const marked = matrixFromTriples(triples, users, items, (e) => parts[e] === valid).matrix
  const mask = new Uint8Array(known.matrix.indices.length)
  for (let user = 0; user < users; user++) {
    const chosen = new Set(marked.indices.subarray(marked.indptr[user], marked.indptr[user + 1]))
    for (let e = known.matrix.indptr[user]; e < known.matrix.indptr[user + 1]; e++) {
      if (chosen.has(known.matrix.indices[e])) mask[e] = 1
    }
  }
  return mask
}

function lists() {
  const bytes = readFileSync(join(values.folder, 'lists'))
  const all = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  const [rows, width] = all
  const row = (r: number) => all.subarray(2 + r * width, 2 + (r + 1) * width)
  const candidates = new Map(
    Array.from({ length: rows }, (_, r) => [
      row(r)[0],
      row(r)
        .slice(2)
        .filter((item) => item >= 0),
    ]),
  )
  const column = (c: number) => Int32Array.from({ length: rows }, (_, r) => row(r)[c])
  return { test: { users: column(0), items: column(1) }, candidates }
}

/** One list of ten after another: scores from the history, what is known left out, the best ten. */
function latency(fitted: Model): { p50Ms: number; listsASecond: number } {
  const scores = new Float32Array(fitted.items)
  const top = makeTopK(fitted.items, 10)
  const one = (user: number) => {
    const history = historyOf(data, user)
    fitted.score(history, scores)
    for (const item of history.items) scores[item] = Number.NEGATIVE_INFINITY
    top(scores, 10)
  }
  for (let user = 0; user < 200; user++) one(user)
  const taken: number[] = []
  const began = performance.now()
  for (let user = 0; user < Math.min(users, 2000); user++) {
    const before = performance.now()
    one(user)
    taken.push(performance.now() - before)
  }
  return { p50Ms: median(taken), listsASecond: (taken.length * 1000) / (performance.now() - began) }
}
