/** The protocols of the comparison as files that every process reads: a split of the ratings, lists of candidates. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ids, readCandidates, readInteractions, readSplit } from '../../src/evaluation/interactions.ts'
import { seededRandom } from '../../src/world.ts'
import type { Ratings } from '../rating-file.ts'

/** One byte a rating: 0 train, 1 valid, 2 test. That of the data set, else 8:1:1 by chance. */
export function writeSplit(file: string, data: string, { userOf }: Ratings, seed: number): void {
  const given = join(data, 'ml-1m/split-topn.csv')
  if (existsSync(given)) {
    writeFileSync(file, readSplit(given, userOf.length))
    return
  }
  const random = seededRandom(seed)
  const part = () => {
    const draw = random()
    return draw < 0.8 ? 0 : draw < 0.9 ? 1 : 2
  }
  writeFileSync(file, Uint8Array.from(userOf, part))
}

/** `ratings` and `lists` of ml-1m-ncf into `folder`. False where the data set is absent. */
export function writeCandidates(folder: string, data: string): boolean {
  const from = (file: string) => join(data, 'ml-1m-ncf', file)
  if (!existsSync(from('train.csv'))) return false
  const [users, items] = [new Ids(), new Ids()]
  const train = readInteractions(from('train.csv'), users, items)
  const test = readInteractions(from('test.csv'), users, items)
  const candidates = readCandidates(from('candidates.csv'), users, items)
  const n = train.users.length
  const times = train.times ?? new Float64Array(n)
  const parts = [Int32Array.of(users.size, items.size, n, 0), train.users, train.items, times]
  writeFileSync(
    join(folder, 'ratings'),
    Buffer.concat(parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength))),
  )
  const most = Math.max(...Array.from(candidates.values(), (list) => list.length))
  const width = 2 + most
  const lists = new Int32Array(2 + test.users.length * width).fill(-1)
  lists.set([test.users.length, width])
  test.users.forEach((user, row) => {
    lists.set([user, test.items[row], ...(candidates.get(user) ?? [])], 2 + row * width)
  })
  writeFileSync(join(folder, 'lists'), new Uint8Array(lists.buffer))
  return true
}
