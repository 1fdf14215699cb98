/** Standing processes, as HTTP uses them. */
import type { Config } from '../config.ts'
import type { Policy } from '../consent/policy.ts'
import type { Database } from '../db/database.ts'
import type {
  JourneySummary,
  JourneysApi,
  JourneyView,
  PutJourney,
  ReportOfAll,
  SimulateJourney,
} from '../engine-api/journeys.ts'
import { HabitueError } from '../errors.ts'
import type { Actions } from '../journeys/actions.ts'
import { migrate, replayFailed, settleByHand, type Write } from '../journeys/by-hand.ts'
import { compileJourney } from '../journeys/compile.ts'
import type { PutAnswer } from '../journeys/define.ts'
import type { Journey } from '../journeys/journey.ts'
import { beginsOf, hearsOf } from '../journeys/names.ts'
import { type Reach, reachByJourney, sumOfReach } from '../journeys/reach.ts'
import { reportOf, reportOfAll } from '../journeys/report.ts'
import { journeyWorks } from '../journeys/runner.ts'
import { DefinitionForm } from '../journeys/schema.ts'
import { JourneyShelf } from '../journeys/shelf.ts'
import { simulate } from '../journeys/simulation.ts'
import { dataSource, invalidJourney, readSource, type Source } from '../journeys/source.ts'
import { type JourneyInfo, listJourneys, listVersions } from '../journeys/store.ts'
import { instanceViews, standing, stepCounts } from '../journeys/views.ts'
import { messagesByKeys } from '../messages/store.ts'
import type { World } from '../world.ts'
import { checkNames, missing } from './journey-references.ts'
import { simulated, slices } from './journey-simulation.ts'

export interface JourneyParts {
  readonly db: Database
  readonly world: World
  readonly config: Config
  readonly policy: Policy
  readonly actions: Actions
  readonly wake: () => void
  readonly onError: (error: unknown) => void
}

/** The resource and the work of journeys, over one shelf of definitions. */
export async function journeysOf({ db, world, config, policy, actions, wake, onError }: JourneyParts) {
  await db.write('journeys.release', { now: world.now() })
  const shelf = new JourneyShelf()
  const runner = world.uuid()
  return {
    api: journeysApi({ db, world, config, policy, shelf, wake }),
    works: journeyWorks({ db, world, config, policy, shelf, runner, actions, onError }),
  }
}

interface Needs {
  readonly db: Database
  readonly world: World
  readonly config: Config
  readonly policy: Policy
  readonly shelf: JourneyShelf
  /** Something may have become due. */
  readonly wake: () => void
}

export function journeysApi(needs: Needs): JourneysApi {
  const { db, world, wake } = needs
  const named = async (id: string): Promise<JourneyInfo> => {
    const found = (await listJourneys(db)).find((one) => one.id === id)
    if (!found) throw new HabitueError('not_found', `There is no journey ${JSON.stringify(id)}.`)
    return found
  }
  const write: Write = async <R>(name: string, payload: object) => {
    const answer = await db.write<R>(name, { ...payload, now: world.now() })
    await db.catchUp()
    wake()
    return answer
  }
  return {
    async list() {
      const all = await listJourneys(db)
      return Promise.all(all.map(async (info) => summary(info, (await listVersions(db, info.id))[0].definition)))
    },
    get: async (id) => view(needs, await named(id)),
    async versions(id) {
      await named(id)
      return listVersions(db, id)
    },
    put: (id, wanted) => put(needs, id, wanted, write),
    async setState(id, to) {
      await write('journeys.state', { id, to })
      if (to === 'stopped') await endAll(write, id)
      return view(needs, await named(id))
    },
    async instances(id, page) {
      await named(id)
      const instances = await instanceViews(db, id, { ...page, limit: page.limit + 1 })
      const shown = instances.slice(0, page.limit)
      return { instances: shown, next: instances.length > page.limit ? (shown.at(-1)?.id ?? null) : null }
    },
    async settle(id, instance, as) {
      const { shelf } = needs
      await named(id)
      const keys = await settleByHand({ db, shelf, write }, { journey: id, instance, as })
      // What is done anew is a message of its own.
      const settlement = { as: as === 'happened' ? 'sent' : 'failed', by: `journey:${id}`, reason: null }
      for (const { id: message } of await messagesByKeys(db, keys))
        await write('messages.settle', { ...settlement, id: message })
      const [settled] = await instanceViews(db, id, { instance, limit: 1 })
      return settled
    },
    async replay(id) {
      await named(id)
      return replayFailed({ db, shelf: needs.shelf, write }, id)
    },
    async migrate(id, steps) {
      const { version } = await named(id)
      return migrate({ db, shelf: needs.shelf, write }, { journey: id, version, steps })
    },
    async simulate({ id, source, definition, ...span }, { gone, progress } = {}) {
      const journey = await wantedJourney(needs, { id, source, definition })
      return simulated({ ...needs, pause: slices(world, gone), progress }, journey, span)
    },
    report: async (id, days) => reported(needs, await named(id), days),
    reports: (days) => reportedAll(needs, days),
    schema: () => DefinitionForm,
  }
}

/** Ended together: some tens of milliseconds of the writer. */
const piece = 2000

async function endAll(write: Write, journey: string): Promise<void> {
  while ((await write<number>('journeys.endSome', { journey, limit: piece })) === piece);
}

const monthMs = 30 * 86_400_000
/** Customers looked at to guess how many enter. */
const sampled = 2000

async function reported(needs: Needs, { id, version }: JourneyInfo, days: number) {
  const { db, shelf, policy, world } = needs
  const journey = await shelf.get(db, id, version)
  const now = world.now()
  const perMonth = journey && (await expected(needs, journey, now))
  const report = await reportOf(db, id, { policy, now, days, perMonth, foresee: true })
  return { ...report, reach: (await reachByJourney(db, shelf, [id])).get(id) as Reach }
}

async function reportedAll({ db, shelf, policy, world }: Needs, days: number): Promise<ReportOfAll> {
  const all = await listJourneys(db)
  const reach = await reachByJourney(
    db,
    shelf,
    all.map(({ id }) => id),
  )
  const asked = { policy, now: world.now(), days, perMonth: null }
  const journeys: ReportOfAll['journeys'][number][] = []
  for (const info of all) {
    const { id, title, state } = summary(info, (await listVersions(db, info.id))[0].definition)
    const report = await reportOf(db, id, { ...asked, foresee: false })
    journeys.push({ id, title, state, reach: reach.get(id) as Reach, report })
  }
  const together = await reportOfAll(db, { ...asked, foresee: true })
  return { together, reach: sumOfReach([...reach.values()]), journeys }
}

/** How many would enter in a month, as the last three went. */
async function expected({ db, policy, config, world }: Needs, journey: Journey, now: number): Promise<number | null> {
  const span = { from: now - 3 * monthMs, to: now, most: sampled }
  const { looked, customers, instances } = await simulate(db, journey, {
    policy,
    config,
    pause: slices(world),
    ...span,
  })
  return looked === 0 ? null : (instances.length * customers) / looked / 3
}

/** One that is stored, or one that is given. @throws HabitueError invalid_journey, not_found */
async function wantedJourney(
  { db, shelf, config }: Needs,
  { id, source, definition }: Pick<SimulateJourney, 'id' | 'source' | 'definition'>,
): Promise<Journey> {
  if (source !== undefined || definition !== undefined) {
    const read = source === undefined ? dataSource(definition) : readSource(source)
    const journey = compileJourney(read, id ?? journeyOf(read), 0)
    checkNames(journey, read, config)
    return journey
  }
  const stored = (await listJourneys(db)).find((one) => one.id === id)
  const journey = stored ? await shelf.get(db, stored.id, stored.version) : null
  if (!journey) throw new HabitueError('not_found', `There is no journey ${JSON.stringify(id ?? '')}.`)
  return journey
}

/** By its own name, where it says one. */
function journeyOf({ value }: Source): string {
  const name = (value as { journey?: unknown } | null)?.journey
  return typeof name === 'string' ? name : 'simulated'
}

function summary(info: JourneyInfo, definition: { readonly title?: string }): JourneySummary {
  return { ...info, title: definition.title ?? info.id }
}

async function view({ db, config }: Needs, info: JourneyInfo): Promise<JourneyView> {
  const [latest] = await listVersions(db, info.id)
  const journey = compileJourney(dataSource(latest.definition), info.id, latest.version)
  const warnings = [...journey.warnings, ...(await missing(db, journey, config))]
  return {
    ...summary(info, latest.definition),
    definition: latest.definition,
    source: latest.source,
    warnings,
    standing: await standing(db, info.id),
    counts: await stepCounts(db, info.id),
  }
}

const idText = /^[a-z][a-z0-9-]{0,63}$/

async function put(
  { db, config }: Needs,
  id: string,
  { source, definition, confirm, dryRun }: PutJourney,
  write: Write,
): Promise<{ version: number; warnings: readonly string[] }> {
  if (!idText.test(id))
    throw invalidJourney([
      { path: '', message: `It is put as ${JSON.stringify(id)}; expected lower case letters, digits and hyphens.` },
    ])
  const read = source === undefined ? dataSource(definition) : readSource(source)
  const journey = compileJourney(read, id, 0)
  checkNames(journey, read, config)
  const { warnings } = journey
  const told = [...warnings, ...(await missing(db, journey, config))]
  if (dryRun) return { version: 0, warnings: told }
  if (warnings.length > 0 && !confirm && journey.form.confirm !== true)
    throw new HabitueError('journey_unconfirmed', `${warnings.join(' ')} Put it with confirm: true if that is meant.`, {
      warnings,
    })
  const doc = JSON.stringify(journey.form)
  const { version } = await write<PutAnswer>('journeys.put', {
    id,
    doc,
    source: source ?? JSON.stringify(definition, null, 2),
    purpose: journey.purpose,
    begins: beginsOf(journey),
    hears: hearsOf(journey),
  })
  return { version, warnings: told }
}
