/**
 * The blend: a weighted sum of the kinds that help on this shop's own held-out data (`blend-learning.ts` finds them).
 * What a member knows nothing of counts 0 there; an item that no member knows stays unknown.
 */
import { type BlendMember, type BlendOptions, type BlendReport, blendDefaults, learnBlend } from './blend-learning.ts'
import { packModel, unpackModel } from './bytes.ts'
import { memberKind } from './members.ts'
import type { Contribution, History, Model, ModelKind, Progress, TrainingData } from './model.ts'
import { withRecency } from './recency.ts'

export interface BlendModel extends Model {
  readonly report: BlendReport
  readonly members: readonly BlendMember[]
  /** The member kind that contributed most to `item`'s score, and the history's items that did, over all members. */
  explainBy(history: History, item: number, count: number): { kind: string; contributions: Contribution[] }
}

const KIND = 'blend'
const VERSION = 1

export const blend: ModelKind<BlendOptions> = {
  kind: KIND,
  defaults: blendDefaults,
  async fit(data: TrainingData, options: Readonly<BlendOptions>, progress: Progress): Promise<BlendModel> {
    const { members, stranger, report } = await learnBlend(data, options, progress)
    return makeBlend(members, stranger, report)
  },
  fromBytes(bytes): BlendModel {
    const packed = unpackModel(bytes, KIND, VERSION)
    const stored = packed.meta.members as readonly { kind: string; weight: number; recency: number }[]
    const members = stored.map(({ kind, weight, recency }, m) => ({
      model: memberKind(kind).fromBytes(packed.u8(`member${m}`)),
      weight,
      recency,
    }))
    const stranger = memberKind('popularity').fromBytes(packed.u8('stranger'))
    return makeBlend(members, stranger, packed.meta.report as BlendReport)
  },
}

function makeBlend(members: readonly BlendMember[], stranger: Model, report: BlendReport): BlendModel {
  const items = stranger.items
  const scratch = new Float32Array(items)
  const explainBy = (history: History, item: number, count: number) => explainBlend(members, history, item, count)
  return {
    kind: KIND,
    items,
    report,
    members,
    score(history, out): void {
      if (history.items.length === 0) {
        stranger.score(history, out)
        return
      }
      members.forEach(({ model, weight, recency }, m) => {
        model.score(withRecency(history, recency), m === 0 ? out : scratch)
        if (m === 0) scale(out, weight)
        else addScaled(out, scratch, weight)
      })
    },
    explainBy,
    explain: (history, item, count) => explainBy(history, item, count).contributions,
    toBytes(): Uint8Array {
      const arrays: Record<string, Uint8Array> = { stranger: stranger.toBytes() }
      members.forEach(({ model }, m) => {
        arrays[`member${m}`] = model.toBytes()
      })
      const stored = members.map(({ model, weight, recency }) => ({ kind: model.kind, weight, recency }))
      return packModel(KIND, VERSION, { members: stored, report }, arrays)
    },
    dispose(): void {
      for (const { model } of members) model.dispose?.()
      stranger.dispose?.()
    },
  }
}

function scale(out: Float32Array, weight: number): void {
  for (let i = 0; i < out.length; i++) out[i] *= weight
}

/** out += weight * scores, where -Infinity in either means "knows nothing". */
function addScaled(out: Float32Array, scores: Float32Array, weight: number): void {
  for (let i = 0; i < out.length; i++) {
    const score = scores[i]
    if (score === Number.NEGATIVE_INFINITY) continue
    out[i] = out[i] === Number.NEGATIVE_INFINITY ? weight * score : out[i] + weight * score
  }
}

function explainBlend(members: readonly BlendMember[], history: History, item: number, count: number) {
  const total = new Map<number, number>()
  let kind = 'popularity'
  let largest = 0
  for (const { model, weight, recency } of members) {
    let sum = 0
    for (const part of model.explain(withRecency(history, recency), item, history.items.length)) {
      sum += weight * part.weight
      total.set(part.item, (total.get(part.item) ?? 0) + weight * part.weight)
    }
    if (sum > largest) {
      largest = sum
      kind = model.kind
    }
  }
  const contributions = Array.from(total, ([source, weight]) => ({ item: source, weight }))
  contributions.sort((a, b) => b.weight - a.weight || a.item - b.item)
  return { kind, contributions: contributions.slice(0, count) }
}
