/**
 * Ends the doubt of instances whose message is in doubt no more: a notice of the mail server came, or a person looked. Then
 * the journey goes on as if it had been told so at first.
 */
import { messagesByKeys, outcomeOf } from '../messages/store.ts'
import type { Outcome } from './actions.ts'
import { type Instance, instanceColumns, instanceOf, type StoredInstance } from './instance.ts'
import type { TurnNeeds } from './needs.ts'
import { actKey } from './state.ts'
import { advance } from './step.ts'
import type { ChangedByHand, Counted } from './write.ts'

/** Instances looked at together, and milliseconds between two looks at all of them: who waited for a person can wait. */
const piece = 200
const everyMs = 2_000

export class Doubts {
  readonly name = 'journeys: doubts'
  readonly #needs: TurnNeeds
  #after = 0
  #next = Number.NEGATIVE_INFINITY

  constructor(needs: TurnNeeds) {
    this.#needs = needs
  }

  async settle(now: number): Promise<{ done: number; next: number | null }> {
    if (now < this.#next) return { done: 0, next: this.#next }
    const found = await this.#read()
    const done = found.length > 0 ? await this.#end(found, now) : 0
    this.#after = found.length === piece ? found[piece - 1].id : 0
    if (this.#after === 0) this.#next = now + everyMs
    return { done, next: this.#after === 0 ? this.#next : now }
  }

  async #read(): Promise<Instance[]> {
    const rows = await this.#needs.db.k
      .selectFrom('journey_instances')
      .select(instanceColumns)
      .where('phase', '=', 'in_doubt')
      .where('id', '>', this.#after)
      .orderBy('id')
      .limit(piece)
      .execute()
    return (rows as StoredInstance[]).map(instanceOf)
  }

  async #end(instances: readonly Instance[], now: number): Promise<number> {
    const { db, shelf } = this.#needs
    const keys = instances.flatMap((instance) => messageKeys(instance))
    const outcomes = new Map((await messagesByKeys(db, keys)).map((row) => [row.key, outcomeOf(row)]))
    const changed: ChangedByHand['changed'][number][] = []
    const counted: Counted[] = []
    for (const instance of instances) {
      const outcome = messageKeys(instance).reduce<Outcome | undefined>(
        (found, key) => found ?? outcomes.get(key),
        undefined,
      )
      const journey = await shelf.get(db, instance.journey, instance.version)
      if (!journey || !outcome || outcome.kind === 'in_doubt') continue
      const { id, turn, version, held } = instance
      // What is remembered of him matters to the next step only, which has a turn of its own.
      const around = { now, zone: 'UTC', view: {}, held: held > 0, share: () => 0 }
      const { state, notes } = advance(journey, instance.state, { kind: 'outcome', outcome }, around)
      changed.push({ id, turn, state, version })
      for (const note of notes) counted.push({ ...note, journey: journey.id, version, held })
    }
    if (changed.length > 0) await db.write('journeys.change', { now, changed, counted } satisfies ChangedByHand)
    return changed.length
  }
}

/** Of the step under way: a message's own, and that of a survey's message. */
export function messageKeys({ journey, id, state }: Instance): [string, string] {
  const key = actKey(journey, id, state)
  return [key, `${key}/message`]
}
