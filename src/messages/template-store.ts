/** Templates in the database: every version stays, the newest is used. */
import type { Handler, Handlers, Reader } from '../db/database.ts'
import type { Template } from './template.ts'

export interface StoredTemplate {
  readonly name: string
  readonly version: number
  readonly template: Template
  readonly created: number
}

/** A new version where something changed; answers the version that holds. */
const put: Handler<{ name: string; template: Template; now: number }, number> = async (tx, { name, template, now }) => {
  const doc = JSON.stringify(template)
  const last = await tx.k
    .selectFrom('templates')
    .select(['version', 'doc'])
    .where('name', '=', name)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (last?.doc === doc) return last.version
  const version = (last?.version ?? 0) + 1
  await tx.k.insertInto('templates').values({ name, version, doc, created: now }).execute()
  tx.changed('messages', `template:${name}`)
  return version
}

const remove: Handler<{ name: string }, boolean> = async (tx, { name }) => {
  const { numDeletedRows } = await tx.k.deleteFrom('templates').where('name', '=', name).executeTakeFirst()
  tx.changed('messages', `template:${name}`)
  return numDeletedRows > 0n
}

export const templateHandlers: Handlers = { 'messages.putTemplate': put, 'messages.removeTemplate': remove }

/** The newest version of each, by name. */
export async function currentTemplates(reader: Reader): Promise<StoredTemplate[]> {
  const rows = await reader.k.selectFrom('templates').selectAll().orderBy('name').orderBy('version').execute()
  const newest = new Map(rows.map((row) => [row.name, row]))
  return [...newest.values()].map(({ doc, ...row }) => ({ ...row, template: JSON.parse(doc) as Template }))
}

/** All versions of one, the newest first. */
export async function versionsOf(reader: Reader, name: string): Promise<StoredTemplate[]> {
  const rows = await reader.k.selectFrom('templates').selectAll().where('name', '=', name).execute()
  return rows
    .sort((a, b) => b.version - a.version)
    .map(({ doc, ...row }) => ({ ...row, template: JSON.parse(doc) as Template }))
}
