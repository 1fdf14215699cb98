/** Segments as HTTP uses them, and the work that keeps them: small pieces of what is due, and the daily comparison. */
import type { Config } from '../config.ts'
import type { Policy } from '../consent/policy.ts'
import type { Database } from '../db/database.ts'
import type { SegmentsApi } from '../engine-api/segments.ts'
import { HabitueError } from '../errors.ts'
import { isBuiltIn } from '../segments/definition.ts'
import { preview } from '../segments/preview.ts'
import { nextDue, type SettleAnswer } from '../segments/settle.ts'
import { history, memberPage, segmentNamed, segmentsOf, sizes, storedSegments } from '../segments/store.ts'
import { levelsOf, Surveyor } from '../segments/survey.ts'
import type { World } from '../world.ts'
import { permitOf } from './facts.ts'
import type { Loop, Work } from './loop.ts'

interface Needs {
  readonly db: Database
  readonly config: Config
  readonly policy: Policy
  readonly world: World
}

/** Customers in one transaction: the writer is held for some milliseconds. */
const piece = 50
/** Customers compared beside it; they are only read. */
const compared = 500

export function segmentsWork({ db, config, policy }: Needs): Work {
  const surveyor = new Surveyor({ db, policy, currency: config.currency })
  return {
    name: 'segments',
    async settle(now) {
      const survey = await surveyor.step(now, compared)
      // Who was never compared is looked at once, afterwards.
      if (survey.first) return survey
      // A look costs the writer nothing.
      const due = await nextDue(db, now)
      if (due === null || due > now) return { done: survey.done, next: Math.min(survey.next, due ?? survey.next) }
      const { done, next } = await db.write<SettleAnswer>('segments.settle', { now, limit: piece })
      return { done: survey.done + done, next: Math.min(survey.next, next ?? survey.next) }
    },
  }
}

export function segmentsApi({ db, config, policy, world }: Needs, loop: Pick<Loop, 'wake'>): SegmentsApi {
  const sized = async (name: string) => ({
    ...(await segmentNamed(db, name)),
    size: (await sizes(db)).get(name) ?? 0,
  })
  return {
    async list() {
      const counted = await sizes(db)
      return (await storedSegments(db)).map((segment) => ({ ...segment, size: counted.get(segment.name) ?? 0 }))
    },
    get: sized,
    async put(definition) {
      await db.write('segments.put', { definition, now: world.now() })
      loop.wake()
      return sized(definition.name)
    },
    async remove(name) {
      if (isBuiltIn(name)) throw new HabitueError('conflict', `The segment "${name}" is built in; it stays.`, { name })
      await segmentNamed(db, name)
      await db.write('segments.remove', { name })
    },
    preview: (condition) => preview(db, condition, { policy, currency: config.currency, now: world.now() }),
    members: async (name, page) => memberPage(db, await segmentNamed(db, name), { policy, now: world.now(), ...page }),
    async history(name, from) {
      await segmentNamed(db, name)
      return history(db, name, from, world.now())
    },
    async of(who) {
      const allowed =
        (await permitOf({ db, policy, world }, who, 'personalisation')) ??
        (await permitOf({ db, policy, world }, who, 'service'))
      return allowed && segmentsOf(db, allowed)
    },
    levels: () => levelsOf(db),
  }
}
