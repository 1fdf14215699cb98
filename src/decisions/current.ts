/**
 * What decisions stand on and what changes under them: the serving models, the shop's rules, the trends, the catalogue.
 * Rules and items are read again before the next decision, whichever process changed them.
 */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import { type Database, everything } from '../db/database.ts'
import type { World } from '../world.ts'
import { currentServing } from './current-serving.ts'
import { type CurrentTrends, currentTrends } from './current-trends.ts'
import type { Current } from './decider.ts'
import { readTunings } from './experiments-store.ts'
import type { ModelInfo } from './models-store.ts'
import { compileRule } from './rules.ts'
import { listRules } from './rules-store.ts'

export interface CurrentState {
  current(): Current
  /** Undefined = nothing is stale. */
  upToDate(): Promise<void> | undefined
  /** The models that answer now. */
  serving(): readonly ModelInfo[]
  readonly trends: CurrentTrends
  close(): Promise<void>
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

export async function currentState(needs: CurrentNeeds): Promise<CurrentState> {
  const { db, catalogue, config, world, onError } = needs
  const models = await currentServing(needs)
  let rules: Current['rules'] = []
  let tunings: Current['tunings'] = new Map()
  let rulesStale = false
  let readingRules: Promise<void> | undefined

  const loadRules = async (): Promise<void> => {
    rulesStale = false
    try {
      // A rule names items.
      await catalogue.upToDate(db)
      rules = (await listRules(db)).map((rule) => compileRule(rule, catalogue))
      tunings = await readTunings(db)
    } catch (error) {
      rulesStale = true
      throw error
    }
  }
  const stopListening = db.onChange((changes) => {
    for (const key of changes.get('items') ?? []) catalogue.markChanged(key)
    // A rule may name an item that appears only now.
    if (changes.has('rules') || (changes.has('items') && rules.length > 0)) rulesStale = true
    if (changes.has('models')) models.changed()
  })
  // Between the readings and the lines above another process may have changed what was read.
  if (db.engine === 'postgres') {
    models.changed()
    catalogue.markChanged(everything)
    await catalogue.upToDate(db)
  }
  await loadRules()
  const trends = await currentTrends({
    db,
    signals: config.signals,
    world,
    canonical: (item) => catalogue.canonical(item),
    onError,
  })

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
    current: () => ({ serving: models.serving(), trends: trends.current(), rules, tunings }),
    upToDate: () => {
      const heard = db.catchUp()
      return heard ? heard.then(readStale) : readStale()
    },
    serving: models.infos,
    trends,
    close: async () => {
      stopListening()
      models.close()
      await trends.close()
    },
  }
}
