import { afterAll, it } from 'vitest'
import { emptyDatabases } from '../../src/db/testing.ts'
import { loseConnections } from './connection.ts'

const databases = emptyDatabases('postgres')
afterAll(() => databases.remove())

it('a lost database is 503 and never 400; nothing is stored by halves, and all goes on when it is back', async () => {
  await loseConnections(await databases.create(), 20, 31)
})
