/** All that journeys do by themselves, as work for the engine's loop. */
import { Doubts } from './doubts.ts'
import { Inbox } from './inbox.ts'
import type { TurnNeeds } from './needs.ts'
import { Schedules } from './schedule.ts'
import { Turns } from './turns.ts'

export interface Work {
  readonly name: string
  settle(now: number): Promise<{ readonly done: number; readonly next: number | null }>
}

export function journeyWorks(needs: TurnNeeds): Work[] {
  return [new Inbox(needs), new Turns(needs), new Schedules(needs), new Doubts(needs)]
}
