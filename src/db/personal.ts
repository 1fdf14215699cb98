/**
 * What every table that holds rows about a customer must be able to do: give them all, and let them go. A *holder* says
 * it for one table; `consent/personal-data.ts` lists the holders, and a test reads the schema of the database and fails
 * where a table has none. Most tables need no more than `heldRows`.
 */
import { sql } from 'kysely'
import { inChunks } from './batch.ts'
import type { Reader, Tx } from './database.ts'
import type { Tables } from './tables.ts'

/** Somebody, as rows name him. */
export interface DataSubject {
  /** Ids of his row of `customers`, and of those that were merged into it. */
  readonly customers: readonly number[]
  /** Ids of rows of `identifiers`. */
  readonly identifiers: readonly number[]
  /** How he is named from outside. */
  readonly names: readonly { readonly kind: string; readonly value: string }[]
}

/** A row as the export shows it. */
export type HeldRow = Readonly<Record<string, unknown>>

/** How the export reads columns: everything else is shown as it is. */
export interface HeldColumns {
  /** Milliseconds since 1970, shown as ISO 8601. */
  readonly times?: readonly string[]
  /** JSON as text, shown as what it says. */
  readonly json?: readonly string[]
  /** Internal ids of items, shown as the shop's id and the title. */
  readonly items?: readonly string[]
}

export interface Holder {
  readonly table: keyof Tables
  /** The columns by which a row says about whom it is. */
  readonly about: readonly string[]
  /** Heading of the export, in the words of a person. */
  readonly title: string
  /** The fields of its rows, for who words them in other languages. */
  readonly shown: readonly string[]
  readonly columns: HeldColumns
  /** All rows about `person`, as the export shows them. */
  read(reader: Reader, person: DataSubject): AsyncIterable<HeldRow>
  /** Takes a name of somebody else out of what people wrote there, by `rewrite`; absent = people write nothing there. */
  unname?(tx: Tx, person: DataSubject, rewrite: (text: string) => string): Promise<number>
  /** Lets go of all rows about `person`; answers how many. The world gives time and chance to what needs them. */
  erase(tx: Tx, person: DataSubject): Promise<number>
}

export interface HeldRows extends HeldColumns {
  readonly table: keyof Tables
  readonly title: string
  /** The column with the id of an identifier. */
  readonly identifier?: string
  /** The column with the id of a customer. */
  readonly customer?: string
  /** What the export shows; nothing that means something inside the engine only. */
  readonly shown: readonly string[]
  /** Order of the rows in the export. */
  readonly orderBy?: readonly string[]
  /** Columns with words that people wrote, in which others may be named. */
  readonly prose?: readonly string[]
}

/** Ids in one statement. */
const idsAtOnce = 500

/** The holder of a table whose rows name one identifier or one customer each: they are read and deleted by that column. */
export function heldRows(spec: HeldRows): Holder {
  const { table, title, identifier, customer, shown, orderBy = [], prose = [], times, json, items } = spec
  const column = identifier ?? customer
  if (column === undefined) throw new Error(`${table}: say which column names the identifier or the customer`)
  const idsOf = (person: DataSubject) => (identifier === undefined ? person.customers : person.identifiers)
  const where = (ids: readonly number[]) => sql`${sql.ref(column)} in (${sql.join(ids)})`
  const order = orderBy.length > 0 ? sql` order by ${sql.join(orderBy.map((name) => sql.ref(name)))}` : sql``
  return {
    table,
    about: [column],
    title,
    shown,
    columns: { times, json, items },
    async *read(reader, person) {
      const columns = sql.join(shown.map((name) => sql.ref(name)))
      for (const ids of inChunks(idsOf(person), idsAtOnce)) {
        const query = sql<HeldRow>`select ${columns} from ${sql.table(table)} where ${where(ids)}${order}`
        yield* (await query.execute(reader.k)).rows
      }
    },
    async unname(tx, person, rewrite) {
      let count = 0
      for (const name of prose) {
        const field = sql.ref(name)
        for (const ids of inChunks(idsOf(person), idsAtOnce)) {
          const query = sql<{
            text: string | null
          }>`select distinct ${field} as text from ${sql.table(table)} where ${where(ids)}`
          for (const { text } of (await query.execute(tx.k)).rows) {
            if (text === null || rewrite(text) === text) continue
            const change = sql`update ${sql.table(table)} set ${field} = ${rewrite(text)} where ${where(ids)} and ${field} = ${text}`
            count += Number((await change.execute(tx.k)).numAffectedRows ?? 0n)
          }
        }
      }
      return count
    },
    async erase(tx, person) {
      let count = 0
      for (const ids of inChunks(idsOf(person), idsAtOnce)) {
        const { numAffectedRows = 0n } = await sql`delete from ${sql.table(table)} where ${where(ids)}`.execute(tx.k)
        count += Number(numAffectedRows)
      }
      return count
    },
  }
}
