/**
 * The blend: a weighted sum of the kinds that help on this shop's own held-out data (`blend-learning.ts` finds them).
 * What a member knows nothing of counts 0 there; an item that no member knows stays unknown.
 */
import { mixture } from '../kernels/mixture.ts'
import { type BlendMember, type BlendReport, learnBlend } from './blend-learning.ts'
import { type BlendOptions, blendDefaults } from './blend-tuning.ts'
import { packModel, unpackModel } from './bytes.ts'
import { strongest } from './contributions.ts'
import { memberKind } from './members.ts'
import type { Contribution, History, Model, ModelKind, Progress, TrainingData } from './model.ts'
import { type Fade, fader, recencyRanks } from './recency.ts'

export interface BlendModel extends Model {
  readonly report: BlendReport
  readonly members: readonly BlendMember[]
  /** The member kind that contributed most to `item`'s score, and the history's items that did, over all members. */
  explainBy(history: History, item: number, count: number): { kind: string; contributions: Contribution[] }
}

const KIND = 'blend'
/** Evidence that each member names, so that their sums agree about the strongest. */
const EVIDENCE = 6
/** Below this share of the loudest member's a member's say in an item is not worth naming. */
const QUIET = 0.1
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
    const stored = packed.meta.members as readonly { kind: string; weight: number; fade: Fade }[]
    const members = stored.map(({ kind, weight, fade }, m) => ({
      model: memberKind(kind).fromBytes(packed.u8(`member${m}`)),
      weight,
      fade,
    }))
    const stranger = memberKind('popularity').fromBytes(packed.u8('stranger'))
    return makeBlend(members, stranger, packed.meta.report as BlendReport)
  },
}

/** What the members said of one history: kept for the history scored last, since its best items are explained next. */
interface Heard {
  readonly history: History
  /** By member: the history as it hears it. */
  readonly histories: readonly History[]
}

function makeBlend(members: readonly BlendMember[], stranger: Model, report: BlendReport): BlendModel {
  const items = stranger.items
  const mixed = mixture(
    members.map(({ weight }) => weight),
    items,
  )
  const scores = mixed.parts
  const faders = members.map(({ fade }) => fader(fade))
  /** A customer who did nothing since is asked about again. */
  const faded = new WeakMap<History, readonly History[]>()
  const fadedOf = (history: History): readonly History[] => {
    let histories = faded.get(history)
    if (!histories) {
      const ranked = withRanks(history)
      histories = faders.map((fade) => fade(ranked))
      faded.set(history, histories)
    }
    return histories
  }
  let last: Heard | undefined
  const hear = (history: History): Heard => {
    const histories = fadedOf(history)
    for (let m = 0; m < members.length; m++) members[m].model.score(histories[m], scores[m])
    last = { history, histories }
    return last
  }
  const explainBy = (history: History, item: number, count: number) => {
    const heard = last?.history === history ? last : hear(history)
    return explainBlend(members, scores, heard.histories, item, count)
  }
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
      hear(history)
      mixed.mix(out)
    },
    explainBy,
    explain: (history, item, count) => explainBy(history, item, count).contributions,
    toBytes(): Uint8Array {
      const arrays: Record<string, Uint8Array> = { stranger: stranger.toBytes() }
      members.forEach(({ model }, m) => {
        arrays[`member${m}`] = model.toBytes()
      })
      const stored = members.map(({ model, weight, fade }) => ({ kind: model.kind, weight, fade }))
      return packModel(KIND, VERSION, { members: stored, report }, arrays)
    },
    dispose(): void {
      for (const { model } of members) model.dispose?.()
      stranger.dispose?.()
    },
  }
}

/** Ranks once for all members that ask for them. */
function withRanks(history: History): History {
  if (!history.times || history.ranks) return history
  return { ...history, ranks: recencyRanks(history.times) }
}

/**
 * The kind with the largest share in the item's score, and the evidence of the members for which naming it is cheap, where
 * they have a say. ALS must solve an equation for each item: it is asked where nobody else speaks.
 */
function explainBlend(
  members: readonly BlendMember[],
  scores: readonly Float32Array[],
  histories: readonly History[],
  item: number,
  count: number,
) {
  let kind = 'popularity'
  let largest = 0
  let loudest = 0
  for (let m = 0; m < members.length; m++) {
    const { model, weight } = members[m]
    const share = weight * scores[m][item]
    if (share > largest) {
      largest = share
      kind = model.kind
    }
    if (share > loudest && model.kind !== 'als') loudest = share
  }
  const speakers: number[] = []
  for (let m = 0; m < members.length; m++) {
    const { model, weight } = members[m]
    if (model.kind !== 'als' && weight * scores[m][item] > QUIET * loudest) speakers.push(m)
  }
  const dear = members.findIndex(({ model }) => model.kind === 'als')
  const heard = (m: number, most: number): Contribution[] => {
    const { model, weight } = members[m]
    return model.explain(histories[m], item, most).map((part) => ({ item: part.item, weight: weight * part.weight }))
  }
  if (speakers.length === 1) {
    const contributions = heard(speakers[0], count)
    if (contributions.length > 0 || dear < 0) return { kind, contributions }
  }
  const total = new Map<number, number>()
  for (const m of speakers.length > 1 ? speakers : []) {
    for (const { item: source, weight } of heard(m, Math.max(count, EVIDENCE))) {
      total.set(source, (total.get(source) ?? 0) + weight)
    }
  }
  if (total.size === 0 && dear >= 0) return { kind, contributions: heard(dear, count) }
  const parts = strongest(count)
  for (const [source, weight] of total) parts.offer(source, weight)
  return { kind, contributions: parts.list() }
}
