/**
 * What decisions stand on and what changes under them: the serving models, the shop's rules, the trends, the catalogue.
 * Models are loaded beside the old ones and swapped; rules and items are read again before the next decision, whichever
 * process changed them.
 */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import { type Database, everything } from '../db/database.ts'
import type { World } from '../world.ts'
import { type CurrentTrends, currentTrends } from './current-trends.ts'
import type { Current } from './decider.ts'
import { listModels, loadModel, type ModelInfo } from './models-store.ts'
import { compileRule } from './rules.ts'
import { listRules } from './rules-store.ts'
import { bundleName, disposeServing, openBundle, type Serving } from './serving.ts'

export interface CurrentState {
  current(): Current
  /** Undefined = nothing is stale. */
  upToDate(): Promise<void> | undefined
  /** The model that answers now. */
  serving(): ModelInfo | null
  readonly trends: CurrentTrends
  close(): void
}

export interface CurrentNeeds {
  readonly db: Database
  readonly catalogue: Catalogue
  readonly config: Config
  readonly world: World
  /** Told when a newer model serves; what was folded for the old one is of no more use. */
  readonly onSwap: () => void
  readonly onError: (error: unknown) => void
}

/** A model that could not be read is tried again after so long; until then the old one serves. */
const retryMs = 5_000

export async function currentState(needs: CurrentNeeds): Promise<CurrentState> {
  const { db, catalogue, config, world, onError } = needs
  let serving: Serving | null = null
  let info: ModelInfo | null = null
  let rules: Current['rules'] = []
  let rulesStale = false
  let newModel = false
  let loading: Promise<void> = Promise.resolve()
  let retry: NodeJS.Timeout | undefined
  let readingRules: Promise<void> | undefined

  const loadServing = async (): Promise<void> => {
    const newest = (await listModels(db, bundleName)).find((model) => model.state === 'ready')
    if (!newest || newest.version === info?.version) return
    const loaded = await loadModel(db, bundleName)
    if (!loaded) return
    const old = serving
    serving = openBundle(loaded.bytes, loaded.info.version)
    info = loaded.info
    if (!old) return
    needs.onSwap()
    disposeServing(old)
  }
  const loadRules = async (): Promise<void> => {
    rulesStale = false
    try {
      // A rule names items.
      await catalogue.upToDate(db)
      rules = (await listRules(db)).map((rule) => compileRule(rule, catalogue))
    } catch (error) {
      rulesStale = true
      throw error
    }
  }
  /** After the load under way: two commits in a row load twice, never at once. */
  const swap = () => {
    if (newModel) return
    newModel = true
    loading = loading.then(() => {
      newModel = false
      return loadServing().catch((error) => {
        onError(error)
        retry = setTimeout(swap, retryMs)
        retry.unref()
      })
    })
  }

  const stopListening = db.onChange((changes) => {
    for (const key of changes.get('items') ?? []) catalogue.markChanged(key)
    // A rule may name an item that appears only now.
    if (changes.has('rules') || (changes.has('items') && rules.length > 0)) rulesStale = true
    if (changes.has('models')) swap()
  })
  // Between the reading of the catalogue and the line above another process may have changed it.
  if (db.engine === 'postgres') {
    catalogue.markChanged(everything)
    await catalogue.upToDate(db)
  }
  await loadServing()
  await loadRules()
  const trends = await currentTrends({ db, signals: config.signals, world, onError })

  /** A decision that comes while the rules are being read waits for them as well. */
  const freshRules = (): Promise<void> | undefined => {
    if (!rulesStale || readingRules) return readingRules?.then(freshRules)
    readingRules = loadRules().finally(() => {
      readingRules = undefined
    })
    return readingRules
  }
  const readStale = (): Promise<void> | undefined => {
    const items = catalogue.upToDate(db)
    return items ? items.then(freshRules) : freshRules()
  }

  return {
    current: () => ({ serving, trends: trends.current(), rules }),
    upToDate: () => {
      const heard = db.catchUp()
      return heard ? heard.then(readStale) : readStale()
    },
    serving: () => info,
    trends,
    close: () => {
      trends.close()
      clearTimeout(retry)
      stopListening()
      if (serving) disposeServing(serving)
    },
  }
}
