/**
 * Items alike by what is said of them: categories, attributes and words of the title, each block a vector of inverse
 * document frequencies scaled to length 1 (Salton and Buckley 1988), the blocks weighted and compared by cosine, and
 * tempered by closeness in price. For items and shops without a history.
 */
import { packModel, unpackModel } from './bytes.ts'
import {
  type ItemContent,
  type Model,
  ModelDeclined,
  type ModelKind,
  type Progress,
  type TrainingData,
} from './model.ts'
import { type NeighbourTable, openTable, type ServedTable, serveTable, strongestPerTarget } from './neighbour-table.ts'
import { pace } from './pace.ts'

export type ContentOptions = {
  /** How much each block counts against the others. */
  categories: number
  attributes: number
  title: number
  /** 0 = the price says nothing; 1 = an item at `priceStep` times the price is 1/e as alike. */
  price: number
  priceStep: number
  /** How many neighbours are kept for each item. */
  neighbours: number
}

const KIND = 'content'
const VERSION = 1
/** A feature of more items than this finds no candidates by itself (it still counts): its pairs would cost the square. */
const MAX_POSTINGS = 2_000

export const content: ModelKind<ContentOptions> = {
  kind: KIND,
  defaults: { categories: 1, attributes: 0.7, title: 1, price: 0.5, priceStep: 2, neighbours: 100 },
  async fit(data, options, progress): Promise<Model> {
    const items = data.matrix.columns
    const features = describe(data.content, items, options)
    if (features.indices.length === 0) throw new ModelDeclined('content: the catalogue describes no items')
    const table = await similarities(features, data.content?.price, options, progress)
    return makeModel(serveTable(table), standing(data, features))
  },
  fromBytes(bytes): Model {
    const packed = unpackModel(bytes, KIND, VERSION)
    return makeModel(openTable(packed), packed.f32('standing'))
  },
}

/** items x features in compressed rows. */
interface Features {
  readonly items: number
  readonly features: number
  readonly indptr: Int32Array
  readonly indices: Int32Array
  readonly values: Float32Array
}

/** Lower-cased runs of letters and digits; single characters say nothing. */
export function titleTokens(title: string): string[] {
  const words =
    title
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  return [...new Set(words.filter((word) => word.length > 1))]
}

function describe(content: ItemContent | undefined, items: number, options: ContentOptions): Features {
  const names = new Map<string, number>()
  const blocks = [
    { weight: options.categories, of: (i: number) => (content?.categories?.[i] ?? []).map((c) => `c:${c}`) },
    { weight: options.attributes, of: (i: number) => (content?.attributes?.[i] ?? []).map((a) => `a:${a}`) },
    { weight: options.title, of: (i: number) => titleTokens(content?.title?.[i] ?? '').map((t) => `t:${t}`) },
  ]
  const rows: number[][][] = []
  const frequency: number[] = []
  for (let i = 0; i < items; i++) {
    rows.push(
      blocks.map((block) =>
        [...new Set(block.of(i))].map((name) => {
          const index = names.get(name) ?? names.size
          if (index === names.size) names.set(name, index)
          frequency[index] = (frequency[index] ?? 0) + 1
          return index
        }),
      ),
    )
  }
  const idf = frequency.map((n) => Math.log(1 + items / n))
  const indptr = new Int32Array(items + 1)
  const indices: number[] = []
  const values: number[] = []
  rows.forEach((row, i) => {
    const present = row.map((list, b) => (list.length > 0 ? blocks[b].weight : 0))
    const total = Math.hypot(...present) || 1
    row.forEach((list, b) => {
      const length = Math.hypot(...list.map((f) => idf[f])) || 1
      for (const f of list) {
        indices.push(f)
        values.push((present[b] / total) * (idf[f] / length))
      }
    })
    indptr[i + 1] = indices.length
  })
  return { items, features: names.size, indptr, indices: Int32Array.from(indices), values: Float32Array.from(values) }
}

async function similarities(
  features: Features,
  price: Float64Array | undefined,
  options: ContentOptions,
  progress: Progress,
): Promise<NeighbourTable> {
  const { items, indptr, indices, values } = features
  const postings = postingsOf(features)
  const products = new Float64Array(items)
  const touched = new Int32Array(items)
  const stepSize = Math.max(16, Math.ceil(items / 50))
  const chosen = strongestPerTarget(items, options.neighbours)
  for (let target = 0; target < items; target++) {
    if (target % stepSize === 0) await pace(progress, target, items, 'content')
    let found = 0
    // Rarest first, so that at least the rarest feature of every item finds candidates, however common it is.
    const own = Array.from({ length: indptr[target + 1] - indptr[target] }, (_, k) => indptr[target] + k)
    const length = (e: number) => postings.indptr[indices[e] + 1] - postings.indptr[indices[e]]
    own.sort((a, b) => length(a) - length(b))
    own.forEach((e, place) => {
      const feature = indices[e]
      const start = postings.indptr[feature]
      const common = length(e) > MAX_POSTINGS
      // What is common makes no candidates; of few it is quicker asked of each.
      if (common && place > 0 && 8 * found < length(e)) {
        for (let k = 0; k < found; k++) products[touched[k]] += values[e] * valueIn(features, touched[k], feature)
        return
      }
      const end = common && place === 0 ? start + MAX_POSTINGS : postings.indptr[feature + 1]
      for (let p = start; p < end; p++) {
        const item = postings.items[p]
        if (products[item] === 0) {
          if (common && place > 0) continue
          touched[found++] = item
        }
        products[item] += values[e] * postings.values[p]
      }
    })
    for (let k = 0; k < found; k++) {
      const source = touched[k]
      const alike = products[source] * priceCloseness(price, source, target, options)
      products[source] = 0
      if (source !== target && alike > 0) chosen.offer(source, alike)
    }
    chosen.finish(target)
  }
  await pace(progress, items, items, 'content')
  return chosen.table()
}

function valueIn({ indptr, indices, values }: Features, item: number, feature: number): number {
  for (let e = indptr[item]; e < indptr[item + 1]; e++) if (indices[e] === feature) return values[e]
  return 0
}

function postingsOf({ features, items, indptr, indices, values }: Features) {
  const starts = new Int32Array(features + 1)
  for (const f of indices) starts[f + 1]++
  for (let f = 0; f < features; f++) starts[f + 1] += starts[f]
  const next = starts.slice()
  const outItems = new Int32Array(indices.length)
  const outValues = new Float32Array(indices.length)
  for (let i = 0; i < items; i++) {
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const at = next[indices[e]]++
      outItems[at] = i
      outValues[at] = values[e]
    }
  }
  return { indptr: starts, items: outItems, values: outValues }
}

function priceCloseness(price: Float64Array | undefined, a: number, b: number, options: ContentOptions): number {
  if (!price || options.price === 0 || !(price[a] > 0) || !(price[b] > 0)) return 1
  return Math.exp((-options.price * Math.abs(Math.log(price[a] / price[b]))) / Math.log(options.priceStep))
}

/** What a stranger gets: share of customers by item; 0 for a described item nobody chose yet; -1 = nothing is known. */
function standing(data: TrainingData, features: Features): Float32Array {
  const { matrix } = data
  const out = new Float32Array(matrix.columns)
  for (let e = 0; e < matrix.indices.length; e++) if (matrix.values[e] > 0) out[matrix.indices[e]] += 1 / matrix.rows
  for (let i = 0; i < out.length; i++) if (features.indptr[i] === features.indptr[i + 1]) out[i] = -1
  return out
}

function makeModel(table: ServedTable, standing: Float32Array): Model {
  const items = standing.length
  const unknown = Int32Array.from(standing.keys()).filter((i) => standing[i] < 0)
  return {
    kind: KIND,
    items,
    score(history, out): void {
      if (!table.score(history, out)) out.set(standing)
      for (const i of unknown) out[i] = Number.NEGATIVE_INFINITY
    },
    scoreOf: (history, item) =>
      standing[item] < 0 ? Number.NEGATIVE_INFINITY : (table.scoreOf(history, item) ?? standing[item]),
    explain: (history, item, count) => table.explain(history, item, count),
    toBytes: () => packModel(KIND, VERSION, {}, { ...table.arrays(), standing }),
  }
}
