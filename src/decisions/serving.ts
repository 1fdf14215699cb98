/**
 * The trained models of a shop as one value that is swapped whole: what scores a customer's taste, what goes together,
 * what is alike, and how the models' item indices map to the catalogue's internal ids. It is stored in parts, each with a
 * name of its own, so that what is trained in seconds need not wait for what takes minutes.
 */
import type { BlendModel } from '../models/blend.ts'
import { packModel, unpackModel } from '../models/bytes.ts'
import type { Model } from '../models/model.ts'
import { RatingModel } from '../models/rating.ts'
import { modelFromBytes } from '../models/registry.ts'
import { openFirstGuess, type ServedGuess } from './first-guess.ts'
import { type NearbyTrust, usualTrust } from './nearby-trust.ts'
import type { Near } from './neighbourhood.ts'
import type { ServedRatings } from './rating-rows.ts'
import type { RepeatShare } from './repeat.ts'

/** The names under which the parts are stored, in the order in which a training makes them; nothing serves without the first. */
export const partNames = ['shop', 'guess', 'stars'] as const
export type PartName = (typeof partNames)[number]
const VERSION = 3

/** What placements ask, by what it is good for. */
export interface Shop extends Near {
  /** Rises with every training. */
  readonly version: number
  /** Personal scores of every item: the blend. */
  readonly taste: Model
  /** The same as it is heard in a placement. */
  tasteIn(placement: string): Model
  /** model index -> internal item id. */
  readonly ids: Int32Array
  /** internal item id -> model index; -1 = unknown to the models. */
  indexOf(id: number): number
  /** model index -> how many customers chose the item. */
  readonly counts: Int32Array
  /** How far `together` is trusted against `content`. */
  readonly trust: NearbyTrust
  /** By category: how much of it is bought again. */
  readonly repeatShares: Readonly<Record<string, RepeatShare>>
  readonly note?: string
}

/** The model of ratings with indices of its own: it may be of another training than the shop. */
export interface Stars extends ServedRatings {
  readonly version: number
  indexOf(id: number): number
}

export interface Serving extends Shop {
  /** For somebody who has chosen little or nothing; null where customers told too little of themselves. */
  readonly guess: ServedGuess | null
  /** It is asked about stars and not about an order; null where too little was rated. */
  readonly stars: Stars | null
}

export function packShop(shop: Omit<Shop, 'version' | 'indexOf' | 'tasteIn'>): Uint8Array {
  const arrays: Record<string, Uint8Array | Int32Array> = { ids: shop.ids, counts: shop.counts }
  const members = ['taste', 'together', 'content'] as const
  for (const name of members) {
    const model = shop[name]
    if (model) arrays[name] = model.toBytes()
  }
  const meta = {
    repeatShares: shop.repeatShares,
    trust: shop.trust,
    note: shop.note,
    members: members.filter((name) => shop[name]),
  }
  return packModel('shop', VERSION, meta, arrays)
}

/** @throws RangeError on bytes that are not of a shop, are cut off, or were written by a newer program */
export function openShop(bytes: Uint8Array, version: number): Shop {
  const packed = unpackModel(bytes, 'shop', VERSION)
  const present = packed.meta.members as readonly string[]
  const open = (name: string) => (present.includes(name) ? modelFromBytes(packed.u8(name)) : null)
  const taste = open('taste')
  if (!taste) throw new RangeError('the stored shop holds no model of taste')
  const ids = packed.i32('ids').slice()
  return {
    version,
    taste,
    tasteIn: tasteInPlacements(taste),
    together: open('together'),
    content: open('content'),
    ids,
    indexOf: indexOfIds(ids),
    counts: packed.i32('counts').slice(),
    trust: (packed.meta.trust as NearbyTrust | undefined) ?? usualTrust,
    repeatShares: packed.meta.repeatShares as Record<string, RepeatShare>,
    note: packed.meta.note as string | undefined,
  }
}

function tasteInPlacements(taste: Model): Shop['tasteIn'] {
  const heard = new Map<string, Model>()
  const { in: hearIn } = taste as Partial<BlendModel>
  return (placement) => {
    const known = heard.get(placement) ?? hearIn?.(placement) ?? taste
    heard.set(placement, known)
    return known
  }
}

function indexOfIds(ids: Int32Array): (id: number) => number {
  const index = new Int32Array(ids.reduce((most, id) => Math.max(most, id), 0) + 1).fill(-1)
  ids.forEach((id, i) => {
    index[id] = i
  })
  return (id) => (id < index.length ? index[id] : -1)
}

export function packStars({ model, columns }: ServedRatings, ids: Int32Array): Uint8Array {
  return packModel('stars', VERSION, { columns }, { ids, model: model.toBytes() })
}

/** @throws RangeError as `openShop` */
export function openStars(bytes: Uint8Array, version: number): Stars {
  const packed = unpackModel(bytes, 'stars', VERSION)
  return {
    version,
    model: RatingModel.fromBytes(packed.u8('model').slice()),
    columns: packed.meta.columns as ServedRatings['columns'],
    indexOf: indexOfIds(packed.i32('ids').slice()),
  }
}

/** A guess and the items that it was made for. */
export interface StoredGuess extends ServedGuess {
  readonly ids: Int32Array
}

export function packGuess({ model, admitted }: ServedGuess, ids: Int32Array): Uint8Array {
  return packModel('guess', VERSION, { admitted }, { ids, model: model.toBytes() })
}

/** @throws RangeError as `openShop` */
export function openGuess(bytes: Uint8Array): StoredGuess {
  const packed = unpackModel(bytes, 'guess', VERSION)
  return {
    ...openFirstGuess(packed.u8('model').slice(), packed.meta.admitted as boolean[]),
    ids: packed.i32('ids').slice(),
  }
}

/** A guess of an older training speaks where the shop has the same items: it is scored beside the shop's models, by their indices. */
export function servingOf(shop: Shop, guess: StoredGuess | null, stars: Stars | null): Serving {
  const same = guess !== null && guess.ids.length === shop.ids.length && guess.ids.every((id, i) => id === shop.ids[i])
  return { ...shop, guess: same ? guess : null, stars }
}

export function disposeShop(shop: Shop): void {
  shop.taste.dispose?.()
  shop.together?.dispose?.()
  shop.content?.dispose?.()
}
