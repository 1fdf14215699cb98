/** The models that answer: a newer one is loaded beside the old one and swapped in, without a pause. */
import type { Database } from '../db/database.ts'
import { listModels, loadModel, type ModelInfo } from './models-store.ts'
import { bundleName, disposeServing, openBundle, type Serving } from './serving.ts'

export interface CurrentServing {
  serving(): Serving | null
  info(): ModelInfo | null
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

export async function currentServing({ db, onSwap, onError }: ServingNeeds): Promise<CurrentServing> {
  let now: { readonly serving: Serving; readonly info: ModelInfo } | null = null
  /** Version of a model whose bytes this program cannot read: it is told once, for only the next training mends it. */
  let unreadable = 0
  let waiting = false
  let loading: Promise<void> = Promise.resolve()
  let retry: NodeJS.Timeout | undefined
  let closed = false

  const read = async () => {
    let version = 0
    try {
      const loaded = await loadModel(db, bundleName, (info) => {
        version = info.version
      })
      return loaded && { serving: openBundle(loaded.bytes, loaded.info.version), info: loaded.info }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      unreadable = version
      onError(error)
      return null
    }
  }
  const load = async (): Promise<void> => {
    const newest = (await listModels(db, bundleName)).find((model) => model.state === 'ready')
    if (!newest || newest.version === now?.info.version || newest.version === unreadable) return
    const next = await read()
    if (!next) return
    if (closed) return disposeServing(next.serving)
    const old = now
    now = next
    if (!old) return
    onSwap()
    disposeServing(old.serving)
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
    serving: () => now?.serving ?? null,
    info: () => now?.info ?? null,
    changed,
    close: () => {
      closed = true
      clearTimeout(retry)
      if (now) disposeServing(now.serving)
    },
  }
}
