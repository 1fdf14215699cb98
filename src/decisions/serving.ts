/**
 * The trained models of a shop as one value that is swapped whole: what scores a customer's taste, what goes together,
 * what is alike, and how the models' item indices map to the catalogue's internal ids.
 */
import { packModel, unpackModel } from '../models/bytes.ts'
import type { Model } from '../models/model.ts'
import { RatingModel } from '../models/rating.ts'
import { modelFromBytes } from '../models/registry.ts'
import { openFirstGuess, type ServedGuess } from './first-guess.ts'
import type { ServedRatings } from './rating-rows.ts'
import type { RepeatShare } from './repeat.ts'

/** The name under which the bundle is stored. */
export const bundleName = 'shop'
const VERSION = 2

/** The models that placements ask for, by what they are good for. */
export interface Members {
  /** Personal scores of every item: the blend. */
  readonly taste: Model
  /** Items chosen by the same customers; null where too little was chosen. */
  readonly together: Model | null
  /** Items alike by their description; null where nothing is described. */
  readonly content: Model | null
  /** For somebody who has chosen little or nothing; null where customers told too little of themselves. */
  readonly guess: ServedGuess | null
}

/** The model of ratings, beside the members: it is asked about stars and not about an order. */
interface Foretelling {
  /** Null where too little was rated. */
  readonly stars: ServedRatings | null
}

export interface Serving extends Members, Foretelling {
  /** Rises with every training. */
  readonly version: number
  /** model index -> internal item id. */
  readonly ids: Int32Array
  /** internal item id -> model index; -1 = unknown to the models. */
  indexOf(id: number): number
  /** model index -> how many customers chose the item. */
  readonly counts: Int32Array
  /** By category: how much of it is bought again. */
  readonly repeatShares: Readonly<Record<string, RepeatShare>>
  readonly note?: string
}

export interface Bundle extends Members, Foretelling {
  readonly ids: Int32Array
  readonly counts: Int32Array
  readonly repeatShares: Readonly<Record<string, RepeatShare>>
  readonly note?: string
}

export function packBundle(bundle: Bundle): Uint8Array {
  const arrays: Record<string, Uint8Array | Int32Array> = { ids: bundle.ids, counts: bundle.counts }
  const members = ['taste', 'together', 'content'] as const
  for (const name of members) {
    const model = bundle[name]
    if (model) arrays[name] = model.toBytes()
  }
  if (bundle.stars) arrays.stars = bundle.stars.model.toBytes()
  if (bundle.guess) arrays.guess = bundle.guess.model.toBytes()
  const meta = {
    repeatShares: bundle.repeatShares,
    note: bundle.note,
    members: members.filter((name) => bundle[name]),
    guessAfter: bundle.guess?.admitted,
    starColumns: bundle.stars?.columns,
  }
  return packModel(bundleName, VERSION, meta, arrays)
}

/** @throws RangeError on bytes that are not a bundle, are cut off, or were written by a newer program */
export function openBundle(bytes: Uint8Array, version: number): Serving {
  const packed = unpackModel(bytes, bundleName, VERSION)
  const present = packed.meta.members as readonly string[]
  const open = (name: string) => (present.includes(name) ? modelFromBytes(packed.u8(name)) : null)
  const taste = open('taste')
  if (!taste) throw new RangeError('the bundle holds no model of taste')
  const ids = packed.i32('ids').slice()
  const index = new Int32Array(ids.reduce((most, id) => Math.max(most, id), 0) + 1).fill(-1)
  ids.forEach((id, i) => {
    index[id] = i
  })
  return {
    version,
    taste,
    together: open('together'),
    content: open('content'),
    stars: packed.has('stars')
      ? {
          model: RatingModel.fromBytes(packed.u8('stars').slice()),
          columns: packed.meta.starColumns as ServedRatings['columns'],
        }
      : null,
    guess: packed.has('guess') ? openFirstGuess(packed.u8('guess'), packed.meta.guessAfter as boolean[]) : null,
    ids,
    counts: packed.i32('counts').slice(),
    indexOf: (id) => (id < index.length ? index[id] : -1),
    repeatShares: packed.meta.repeatShares as Record<string, RepeatShare>,
    note: packed.meta.note as string | undefined,
  }
}

export function disposeServing(serving: Serving): void {
  serving.taste.dispose?.()
  serving.together?.dispose?.()
  serving.content?.dispose?.()
}
