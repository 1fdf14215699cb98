/**
 * The models that answer: a newer part is loaded beside the old one and swapped in, without a pause; what was withdrawn is
 * put away.
 */
import type { Database } from '../db/database.ts'
import { listModels, loadModel, type ModelInfo } from './models-store.ts'
import {
  disposeShop,
  openGuess,
  openShop,
  openStars,
  type PartName,
  partNames,
  type Serving,
  type Shop,
  type Stars,
  type StoredGuess,
  servingOf,
} from './serving.ts'

export interface CurrentServing {
  serving(): Serving | null
  /** What was trained and serves, the shop's own models first. */
  infos(): readonly ModelInfo[]
  /** A newer one may be stored. */
  changed(): void
  close(): void
}

export interface ServingNeeds {
  readonly db: Database
  /** Told when a newer model serves; what was folded for the old one is of no more use. */
  readonly onSwap: () => void
  readonly onError: (error: unknown) => void
}

/** While storage is away a newer model is looked for so often; until then the old one serves. */
const retryMs = 5_000

/** Null = nothing of it is stored that could serve. */
interface Loaded {
  shop: Shop | null
  guess: StoredGuess | null
  stars: Stars | null
}

export async function currentServing({ db, onSwap, onError }: ServingNeeds): Promise<CurrentServing> {
  const loaded: Loaded = { shop: null, guess: null, stars: null }
  const infos = new Map<PartName, ModelInfo>()
  let now: Serving | null = null
  /** Of `now`; what was loaded since is swapped in when all of it is read. */
  let served: Shop | null = null
  let stale = false
  /** Models whose bytes this program cannot read: it is told once, for only the next training mends it. */
  const unreadable = new Set<number>()
  let waiting = false
  let loading: Promise<void> = Promise.resolve()
  let retry: NodeJS.Timeout | undefined
  let closed = false

  const read = async (name: PartName): Promise<void> => {
    let id = 0
    try {
      const found = await loadModel(db, name, (info) => {
        id = info.id
      })
      if (closed) return
      if (!found) {
        put(loaded, name, null, 0)
        infos.delete(name)
        return
      }
      put(loaded, name, found.bytes.length === 0 ? null : found.bytes, found.info.version)
      infos.set(name, found.info)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      unreadable.add(id)
      onError(error)
    }
  }
  const load = async (): Promise<void> => {
    const all = await listModels(db)
    for (const name of partNames) {
      const newest = all.find((model) => model.name === name && model.state === 'ready')
      if (newest?.id === infos.get(name)?.id || (newest && unreadable.has(newest.id))) continue
      await read(name)
      stale = true
    }
    if (!stale || closed) return
    stale = false
    const [had, old] = [now !== null, served]
    served = loaded.shop
    now = served && servingOf(served, loaded.guess, loaded.stars)
    if (had) onSwap()
    if (old && old !== served) disposeShop(old)
  }
  /** After the load under way: two commits in a row load twice, never at once. */
  const changed = () => {
    if (waiting || closed) return
    waiting = true
    loading = loading.then(async () => {
      waiting = false
      try {
        if (!closed) await load()
      } catch (error) {
        if (closed) return
        onError(error)
        clearTimeout(retry)
        retry = setTimeout(changed, retryMs).unref()
      }
    })
  }

  await load()
  return {
    serving: () => now,
    infos: () => partNames.flatMap((name) => infos.get(name) ?? []),
    changed,
    close: () => {
      closed = true
      clearTimeout(retry)
      for (const shop of new Set([served, loaded.shop])) if (shop) disposeShop(shop)
    },
  }
}

/** @throws RangeError on bytes that cannot be read; then what is there stays */
function put(loaded: Loaded, name: PartName, bytes: Uint8Array | null, version: number): void {
  if (name === 'shop') loaded.shop = bytes && openShop(bytes, version)
  else if (name === 'guess') loaded.guess = bytes && openGuess(bytes)
  else loaded.stars = bytes && openStars(bytes, version)
}
