/** What the engine does when it is due, by itself: journeys with all that they do, on the one loop. */
import type { Logger } from 'pino'
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import type { Policy } from '../consent/policy.ts'
import type { Database } from '../db/database.ts'
import { holdWatch } from '../db/hold.ts'
import type { DecisionAnswer, DecisionRequest } from '../decisions/request.ts'
import type { MessagesApi } from '../engine-api/messages.ts'
import type { Hooks } from '../messages/channels/webhook.ts'
import type { Messenger } from '../messages/messenger.ts'
import { momentsWorks } from '../moments/work.ts'
import type { World } from '../world.ts'
import { holdApi, unlessHeld } from './hold.ts'
import { journeyActions } from './journey-actions.ts'
import { journeysOf } from './journeys.ts'
import { createLoop, type Work } from './loop.ts'
import { orderHandoverWork } from './order-handover.ts'
import { reordersApi } from './reorders.ts'
import { segmentsApi, segmentsWork } from './segments.ts'
import { surveysApi } from './surveys.ts'
import type { Watch } from './tail.ts'
import { taskOwnersWork } from './task-owners.ts'
import { tasksApi } from './tasks.ts'

export interface ActingNeeds {
  readonly db: Database
  readonly config: Config
  readonly policy: Policy
  readonly world: World
  readonly log: Logger
  readonly catalogue: Catalogue
  readonly events: Watch
  readonly messenger: Messenger
  readonly hooks: Hooks
  readonly messages: Pick<MessagesApi, 'owner'>
  readonly decide: (request: DecisionRequest) => Promise<DecisionAnswer>
}

export async function acting(needs: ActingNeeds) {
  const { db, config, policy, world, log, catalogue, events, messenger, hooks, decide } = needs
  const onError = (err: unknown, work: string) => log.error({ err, work }, 'what was due failed, and is tried again')
  const tasks = tasksApi({ db, policy, world })
  const surveys = await surveysApi({ db, policy, world })
  const reorders = await reordersApi(needs)
  const actions = journeyActions({ db, config, policy, tasks, surveys, reorders, messenger, hooks, decide })
  const wake = () => loop.wake()
  const journeys = await journeysOf({
    db,
    world,
    config,
    policy,
    actions,
    wake,
    onError: (err) => onError(err, 'journeys'),
  })
  // All that is done when it is due; a line for each kind of work.
  const patient = [...messenger.works, taskOwnersWork({ ...needs, tasks }), orderHandoverWork({ ...needs, tasks })]
  const lively = [...journeys.works, ...momentsWorks({ db, catalogue, config, policy, note: events.noteOwn })]
  const held = holdWatch(db)
  const works: Work[] = [
    ...patient.map((work) => unlessHeld(held, { ...work, patient: true })),
    ...lively.map((work) => unlessHeld(held, work)),
    segmentsWork(needs),
  ]
  const loop = createLoop(works, { world, onError })
  return {
    loop,
    apis: {
      tasks,
      surveys,
      reorders,
      journeys: journeys.api,
      segments: segmentsApi(needs, loop),
      holding: holdApi(db, world, loop),
    },
  }
}
