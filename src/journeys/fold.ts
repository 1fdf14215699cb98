/**
 * Journeys in ingest's transaction: events of names that some journey wants are noted, to be looked at by a runner. Names are
 * all that is compared here, so fifty journeys cost what one does.
 */
import { inChunks, insertRows } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'
import type { AdmittedEvent, Fold } from '../events/event.ts'
import { heldNames, type Names, type Wanted } from './names.ts'

/** What `journey_inbox.body` holds. `items` = internal ids. */
export interface Noted {
  readonly time: number
  readonly received: number
  readonly messageId: string
  readonly properties: Readonly<Record<string, unknown>>
  readonly items: readonly number[]
  /** Only where some journey asks for it. */
  readonly context?: Readonly<Record<string, unknown>>
}

/** As rows of `journey_inbox` are inserted. */
export const notedColumns = ['due', 'identifier', 'name', 'historical', 'body'] as const

export function journeysFold(): Fold {
  const namesOf = heldNames()
  return {
    name: 'journeys',
    async apply(tx, events) {
      const names = await namesOf(tx)
      if (names === null) return
      const wanted = events.filter((event) => isWanted(event, names[nameOf(event)]))
      if (wanted.length > 0)
        await insertRows(
          tx,
          'journey_inbox',
          notedColumns,
          wanted.map((event) => rowOf(event, names)),
        )
    },
    forget: async (tx, identifiers) => {
      for (const chunk of inChunks(identifiers, 500)) await forgetPersonal(tx, chunk)
    },
  }
}

/** A track's own name; `identify`, `page`, `screen` for the others. */
export function nameOf({ name, type }: Pick<AdmittedEvent, 'name' | 'type'>): string {
  return name === '' ? type : name
}

function isWanted({ historical, received, time }: AdmittedEvent, wanted: Wanted | undefined): boolean {
  if (wanted === undefined || (historical && !wanted.historical)) return false
  return historical || wanted.latestMs === null || received - time <= wanted.latestMs
}

/** By which a payment could be made is nothing that a journey has to know, or to tell another program. */
function withoutToken(properties: AdmittedEvent['properties']): AdmittedEvent['properties'] {
  if (properties.payment_token === undefined && properties.paymentToken === undefined) return properties
  const { payment_token: _, paymentToken: __, ...rest } = properties
  return rest
}

function rowOf(event: AdmittedEvent, names: Names): unknown[] {
  const { time, received, messageId, properties, items, identifier, historical } = event
  const context = names[nameOf(event)].context ? { context: event.context } : {}
  const noted: Noted = { time, received, messageId, properties: withoutToken(properties), items, ...context }
  return [received, identifier, nameOf(event), historical ? 1 : 0, JSON.stringify(noted)]
}

/** Whoever no longer wants to be known is in no journey that goes by what is known of him. */
async function forgetPersonal(tx: Tx, identifiers: readonly number[]): Promise<void> {
  await tx.k.deleteFrom('journey_inbox').where('identifier', 'in', identifiers).execute()
  await tx.k
    .deleteFrom('journey_instances')
    .where('identifier', 'in', identifiers)
    .where((row) =>
      row.exists(
        row
          .selectFrom('journey_versions as v')
          .select('v.version')
          .whereRef('v.journey', '=', 'journey_instances.journey')
          .whereRef('v.version', '=', 'journey_instances.version')
          .where('v.purpose', '=', 'personalisation'),
      ),
    )
    .execute()
}
