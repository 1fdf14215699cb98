/** What conditions and values of a journey look at. Pure. */
import type { ConditionValues } from '../conditions/condition.ts'
import { eventView } from '../segments/event-view.ts'
import { holds, type Values } from './expression.ts'
import type { Match } from './journey.ts'

/** By the shop's id items as conditions see them. */
export type Items = ReadonlyMap<string, Readonly<Record<string, unknown>>>

/** An event, as far as it is looked at. */
export interface Looked {
  readonly name: string
  readonly time: number
  readonly properties: Readonly<Record<string, unknown>>
  readonly items?: readonly string[]
  readonly context?: Readonly<Record<string, unknown>>
}

/** What else there is to look at. */
export interface Around {
  readonly view: ConditionValues
  readonly items?: Items
  readonly now: number
}

/** `item` and `context` are those of `event`; `data` = by step what came of it. */
export function valuesOf(
  { view, items, now }: Around,
  event: Looked | null,
  more: { readonly began?: Looked | null; readonly data?: Readonly<Record<string, unknown>> } = {},
): Values {
  const { began = null, data } = more
  const [item] = event?.items ?? []
  return {
    roots: {
      ...view,
      event: event && shownEvent(event),
      began: began && shownEvent(began),
      item: item === undefined ? null : (items?.get(item) ?? null),
      context: event?.context ?? null,
      data,
    },
    now,
  }
}

function shownEvent({ name, time, properties, items = [], context }: Looked): Readonly<Record<string, unknown>> {
  const type = name === 'identify' || name === 'page' || name === 'screen' ? name : 'track'
  return { ...eventView({ name, type, time, properties, context }), items }
}

export function matches({ names, when }: Match, event: Pick<Looked, 'name'>, values: Values): boolean {
  return names.has(event.name) && holds(when, values)
}
