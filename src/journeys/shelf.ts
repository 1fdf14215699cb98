/** Definitions ready to run, held by each process; a change is seen by its token. */
import { heldQuery, selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import { compileJourney } from './compile.ts'
import type { Journey } from './journey.ts'
import { dataSource } from './source.ts'
import { type JourneyInfo, listJourneys } from './store.ts'

/** A version that was read stays as it is. */
export class JourneyShelf {
  readonly #compiled = new Map<string, Journey>()
  #token = ''
  #journeys: readonly JourneyInfo[] = []

  /** All journeys as of now. */
  async current(reader: Reader): Promise<readonly JourneyInfo[]> {
    const [row] = await heldQuery<{ token: string }>(reader, 'select token from journey_names where id = ?', [1])
    if (row === undefined) return []
    if (row.token !== this.#token) {
      this.#journeys = await listJourneys(reader)
      this.#token = row.token
    }
    return this.#journeys
  }

  /** Null where there is no such version. */
  async get(reader: Reader, id: string, version: number): Promise<Journey | null> {
    const key = `${version} ${id}`
    const held = this.#compiled.get(key)
    if (held) return held
    const [row] = await selectByKeys<{ doc: string }>(
      reader,
      'journey_versions',
      ['journey', 'version'],
      [[id, version]],
      ['doc'],
    )
    if (row === undefined) return null
    const journey = compileJourney(dataSource(JSON.parse(row.doc)), id, version)
    this.#compiled.set(key, journey)
    return journey
  }
}

/** The versions that who enters now is given. */
export async function activeJourneys(reader: Reader, shelf: JourneyShelf): Promise<Journey[]> {
  const active = (await shelf.current(reader)).filter(({ state }) => state === 'active')
  const found = await Promise.all(active.map(({ id, version }) => shelf.get(reader, id, version)))
  return found.filter((journey) => journey !== null)
}
