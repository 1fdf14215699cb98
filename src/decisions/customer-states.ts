/**
 * What decisions know of customers, kept until the next commit that touches them. On SQLite every commit of this process
 * says whom it touched; on PostgreSQL, where others write too, a kept state is used only at the version read in this request.
 */
import type { Ceiling } from '../consent/permit.ts'
import type { VisitorSession } from '../events/volatile-sessions.ts'
import type { Identifier } from '../identity/identity.ts'
import { normaliseIdentifier } from '../identity/normal.ts'
import { type FoundIdentity, resolve } from '../identity/store.ts'
import { type Asked, type CustomerState, type CustomerStateNeeds, readState } from './customer-state.ts'
import type { Serving } from './serving.ts'

export interface CustomerStates {
  /**
   * Null = nobody of this name. Where consent does not reach, nothing of what is remembered is in it. Under the ceiling
   * `anonymous` only what came under this very identifier counts: a device that is linked to a known customer tells nothing
   * of him, but that he refused, or is a minor. `context` is what the request tells of a visitor of whom no event has told yet.
   */
  of(
    identifier: Identifier,
    ceiling: Ceiling,
    serving: Serving | null,
    context?: Asked['context'],
  ): Promise<CustomerState | null>
  readonly size: number
  /** Forgets all that is kept. */
  clear(): void
}

/** A visitor who has done nothing yet. */
const arriving: VisitorSession = { events: [], last: 0 }

/** What is kept, whichever is reached first: customers, and rows of history over all of them (some 50 bytes each). */
const capacity = { customers: 20_000, rows: 2_000_000 } as const
export function customerStates(needs: CustomerStateNeeds): CustomerStates {
  const { db, catalogue, config, policy, world, visitors } = needs
  /** `ceiling\0kind\0value` -> state; a Map keeps insertion order, so the first was read the longest ago. */
  const kept = new Map<string, CustomerState>()
  const keysOf = new Map<number, Set<string>>()
  let rows = 0
  const guessTraits = new Set(Object.keys(config.firstGuess.traits).filter((name) => config.firstGuess.traits[name]))

  const clear = () => {
    kept.clear()
    keysOf.clear()
    rows = 0
  }
  const drop = (key: string, { customer, rows: freed }: CustomerState) => {
    kept.delete(key)
    rows -= freed
    const keys = keysOf.get(customer)
    keys?.delete(key)
    if (keys?.size === 0) keysOf.delete(customer)
  }
  const dropKey = (key: string) => {
    const state = kept.get(key)
    if (state) drop(key, state)
  }
  db.onChange((changes) => {
    for (const customer of changes.get('customers') ?? []) {
      if (typeof customer === 'number') for (const key of [...(keysOf.get(customer) ?? [])]) dropKey(key)
      else clear()
    }
  })
  const keep = (key: string, state: CustomerState) => {
    dropKey(key)
    kept.set(key, state)
    rows += state.rows
    const keys = keysOf.get(state.customer)
    if (keys) keys.add(key)
    else keysOf.set(state.customer, new Set([key]))
    while (kept.size > 1 && (kept.size > capacity.customers || rows > capacity.rows)) {
      const [oldest, old] = kept.entries().next().value as [string, CustomerState]
      drop(oldest, old)
    }
  }

  /** A commit during a read may make what was read old before it is kept. */
  let commits = 0
  db.onChange(() => {
    commits++
  })

  return {
    get size() {
      return kept.size
    },
    clear,
    async of(identifier, ceiling, serving, context) {
      const visitor = identifier.kind === 'anonymous' ? normaliseIdentifier('anonymous', identifier.value) : null
      const session = visitor === null ? null : visitors.of(visitor)
      const passes = async (identity: FoundIdentity | null, during: VisitorSession) => {
        const asked = { identity, session: during, ceiling, serving, now: world.now(), guessTraits, context }
        const state = await readState(needs, asked)
        if (state?.refusal === 'denied' || state?.refusal === 'minor') visitors.forget(visitor as string)
        return state
      }
      if (session !== null) return passes(await resolve(db, identifier), session)
      const key = `${ceiling}\0${identifier.kind}\0${identifier.value}`
      const { renamings } = catalogue
      const found = kept.get(key)
      const old = found?.serving === serving && found.renamings === renamings ? found : undefined
      const now = world.now()
      if (old && db.engine === 'sqlite' && now < old.until) return old
      const commitsBefore = commits
      const identity = await resolve(db, identifier)
      if (!identity)
        return visitor !== null && context && policy.beforeLogin !== 'never' ? passes(null, arriving) : null
      const isOld = old?.customer !== identity.customer || old.version !== identity.version || now >= old.until
      if (old && !isOld) return old
      const state = await readState(needs, { identity, session: null, ceiling, serving, now, guessTraits })
      if (state === null) return null
      if (commits === commitsBefore || db.engine === 'postgres') keep(key, state)
      return state
    },
  }
}
