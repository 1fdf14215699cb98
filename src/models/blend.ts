/**
 * The blend: a weighted sum of the kinds that help on this shop's own held-out data (`blend-learning.ts` finds them), with
 * weights of their own for short histories: of a visitor's first clicks order and session say more than taste does. What a
 * member knows nothing of counts 0 there; an item that no member knows stays unknown.
 */
import { mixture } from '../kernels/mixture.ts'
import { type BlendReport, EARLY, type LearnedBlend, learnBlend, type Voice } from './blend-learning.ts'
import { type BlendOptions, blendDefaults } from './blend-tuning.ts'
import { packModel, unpackModel } from './bytes.ts'
import { strongest } from './contributions.ts'
import type { ExplainsBy } from './evidence.ts'
import { memberKind } from './members.ts'
import type { Contribution, History, Model, ModelKind, Progress, TrainingData } from './model.ts'
import { type Fade, fader, recencyRanks } from './recency.ts'

export interface BlendModel extends Model, ExplainsBy {
  readonly report: BlendReport
  /** The same as it is heard in a placement: with weights of its own where it has them. Disposed with this. */
  in(placement: string): Model & ExplainsBy
}

const KIND = 'blend'
/** Evidence that each member names, so that their sums agree about the strongest. */
const EVIDENCE = 6
/** Below this share of the loudest member's a member's say in an item is not worth naming. */
const QUIET = 0.1
const VERSION = 3

export const blend: ModelKind<BlendOptions> = {
  kind: KIND,
  defaults: blendDefaults,
  async fit(data: TrainingData, options: Readonly<BlendOptions>, progress: Progress): Promise<BlendModel> {
    return makeBlend(await learnBlend(data, options, progress))
  },
  fromBytes(bytes): BlendModel {
    const packed = unpackModel(bytes, KIND, VERSION)
    const kinds = packed.meta.kinds as readonly string[]
    const models = kinds.map((kind, m) => memberKind(kind).fromBytes(packed.u8(`member${m}`)))
    const stored = packed.meta as Record<'late' | 'early', readonly Stored[]>
    const voices = (some: readonly Stored[]) => some.map(({ member, ...own }) => ({ model: models[member], ...own }))
    const stranger = memberKind('popularity').fromBytes(packed.u8('stranger'))
    const report = packed.meta.report as BlendReport
    const placed = packed.meta.placed as Record<string, readonly Stored[]>
    const choirs = { late: voices(stored.late), early: voices(stored.early), placed: mapped(placed, voices) }
    return makeBlend({ models, ...choirs, stranger, report })
  },
}

interface Stored {
  readonly member: number
  readonly weight: number
  readonly fade: Fade
}

function mapped<T, R>(record: Readonly<Record<string, T>>, to: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, to(value)]))
}

function makeBlend({ models, late, early, placed, stranger, report }: LearnedBlend): BlendModel {
  const ofShort = makeChoir(early, stranger.items)
  const general = heardAs(makeChoir(late, stranger.items), ofShort, stranger)
  const own = new Map(
    Object.entries(placed).map(([placement, voices]) => {
      return [placement, heardAs(makeChoir(voices, stranger.items), ofShort, stranger)] as const
    }),
  )
  const toBytes = (): Uint8Array => {
    const arrays: Record<string, Uint8Array> = { stranger: stranger.toBytes() }
    models.forEach((model, m) => {
      arrays[`member${m}`] = model.toBytes()
    })
    const stored = (voices: readonly Voice[]): Stored[] =>
      voices.map(({ model, weight, fade }) => ({ member: models.indexOf(model), weight, fade }))
    const kinds = models.map(({ kind }) => kind)
    const choirs = { late: stored(late), early: stored(early), placed: mapped(placed, stored) }
    return packModel(KIND, VERSION, { kinds, ...choirs, report }, arrays)
  }
  return {
    ...{ kind: KIND, items: stranger.items, report, ...general, toBytes },
    in: (placement) => ({ kind: KIND, items: stranger.items, ...(own.get(placement) ?? general), toBytes }),
    dispose(): void {
      for (const model of models) model.dispose?.()
      stranger.dispose?.()
    },
  }
}

type Choir = ReturnType<typeof makeChoir>

/** What answers for histories of each length: popularity, the choir of the short ones, that of all others. */
function heardAs(long: Choir, short: Choir, stranger: Model) {
  const choirOf = (history: History) => (history.items.length > EARLY ? long : short)
  const explainBy = (history: History, item: number, count: number) => choirOf(history).explainBy(history, item, count)
  return {
    score(history: History, out: Float32Array): void {
      if (history.items.length === 0) stranger.score(history, out)
      else choirOf(history).score(history, out)
    },
    scoreOf(history: History, item: number): number {
      if (history.items.length > 0) return choirOf(history).scoreOf(history, item)
      const scores = new Float32Array(stranger.items)
      stranger.score(history, scores)
      return scores[item]
    },
    explainBy,
    explain: (history: History, item: number, count: number) => explainBy(history, item, count).contributions,
  }
}

/** Members that sing together: the sum of their voices. */
function makeChoir(voices: readonly Voice[], items: number) {
  const mixed = mixture(
    voices.map(({ weight }) => weight),
    items,
  )
  const scores = mixed.parts
  const faders = voices.map(({ fade }) => fader(fade))
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
  /** Whose scores the parts hold: the best items of the history scored last are explained next. */
  let last: History | undefined
  const hear = (history: History): void => {
    const histories = fadedOf(history)
    for (let m = 0; m < voices.length; m++) voices[m].model.score(histories[m], scores[m])
    last = history
  }
  const single = voices.map(({ model }) => oneOf(model))
  /** ALS must solve an equation for each item that it explains. */
  const dear = voices.findIndex(({ model }) => model.kind === 'als')
  return {
    score(history: History, out: Float32Array): void {
      hear(history)
      mixed.mix(out)
    },
    scoreOf(history: History, item: number): number {
      const histories = fadedOf(history)
      let sum = Number.NEGATIVE_INFINITY
      for (let m = 0; m < voices.length; m++) {
        const score = single[m](histories[m], item)
        if (score > Number.NEGATIVE_INFINITY)
          sum = (sum > Number.NEGATIVE_INFINITY ? sum : 0) + voices[m].weight * score
      }
      return sum
    },
    explainBy(history: History, item: number, count: number) {
      if (last !== history) hear(history)
      return explainVoices({ voices, scores, histories: fadedOf(history), dear }, item, count)
    },
  }
}

/** One item's score; of a member that only scores all at once, those of the history asked last are kept. */
function oneOf(model: Model): (history: History, item: number) => number {
  if (model.scoreOf) return model.scoreOf
  let scores: Float32Array | undefined
  let last: History | undefined
  return (history, item) => {
    scores ??= new Float32Array(model.items)
    if (last !== history) model.score(history, scores)
    last = history
    return scores[item]
  }
}

/** Ranks once for all members that ask for them. */
function withRanks(history: History): History {
  if (!history.times || history.ranks) return history
  return { ...history, ranks: recencyRanks(history.times) }
}

interface Heard {
  readonly voices: readonly Voice[]
  /** By voice: its scores, and the history as it hears it. */
  readonly scores: readonly Float32Array[]
  readonly histories: readonly History[]
  /** The voice whose explanations are dear; -1 = none. */
  readonly dear: number
}

/**
 * The kind with the largest share in the item's score, and the evidence of the members for which naming it is cheap, where
 * they have a say; the dear one is asked where nobody else speaks.
 */
function explainVoices({ voices, scores, histories, dear }: Heard, item: number, count: number) {
  let kind = 'popularity'
  let largest = 0
  let loudest = 0
  for (let m = 0; m < voices.length; m++) {
    const { model, weight } = voices[m]
    const share = weight * scores[m][item]
    if (share > largest) {
      largest = share
      kind = model.kind
    }
    if (share > loudest && m !== dear) loudest = share
  }
  const speakers: number[] = []
  for (let m = 0; m < voices.length; m++) {
    if (m !== dear && voices[m].weight * scores[m][item] > QUIET * loudest) speakers.push(m)
  }
  const heard = (m: number, most: number): Contribution[] => {
    const { model, weight } = voices[m]
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
