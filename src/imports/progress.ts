/** How far a file has been imported: kept in the database, so that an import that was cut off goes on where it was. */
import type { Handler, Reader } from '../db/database.ts'
import type { World } from '../world.ts'
import type { ImportKind } from './mapping.ts'

export interface ImportProgress {
  /** `importId` of the file. */
  readonly id: string
  readonly kind: ImportKind
  /** The file's name, for people. */
  readonly name: string
  /** Everything up to this line was taken. */
  readonly line: number
  readonly bytes: number
  /** Lines refused so far. */
  readonly refused: number
  readonly done: boolean
}

/** Of one content imported as one kind. */
export function importId(kind: ImportKind, hash: string): string {
  return `${kind}:${hash.slice(0, 32)}`
}

/** 'imports.record': notes how far the import is. Never backwards: two runs of one file may overlap. */
export function recordImportHandler(world: Pick<World, 'now'>): Handler<ImportProgress, void> {
  return async (tx, { id, kind, name, line, bytes, refused, done }) => {
    const row = { kind, name, line, bytes, refused, done: done ? 1 : 0, updated: world.now() }
    await tx.k
      .insertInto('imports')
      .values({ id, ...row })
      .onConflict((conflict) =>
        conflict
          .column('id')
          .doUpdateSet(row)
          .where((eb) => eb.or([eb('imports.line', '<', line), eb('imports.done', '<', row.done)])),
      )
      .execute()
  }
}

/** Null where nothing of the file was imported as this kind. */
export async function readImportProgress(reader: Reader, id: string): Promise<ImportProgress | null> {
  const row = await reader.k.selectFrom('imports').selectAll().where('id', '=', id).executeTakeFirst()
  return row ? progressOf(row) : null
}

/** The latest first. */
export async function listImports(reader: Reader, limit = 100): Promise<ImportProgress[]> {
  const rows = await reader.k.selectFrom('imports').selectAll().orderBy('updated', 'desc').limit(limit).execute()
  return rows.map(progressOf)
}

function progressOf(row: Omit<ImportProgress, 'kind' | 'done'> & { kind: string; done: number }): ImportProgress {
  const { id, kind, name, line, bytes, refused, done } = row
  return { id, kind: kind as ImportKind, name, line, bytes, refused, done: done === 1 }
}
