import { it } from 'vitest'
import { fullDisk, limitedFile, mayMount } from './disk-full.ts'

for (const seed of [21, 22, 23]) {
  it.skipIf(!mayMount)(`a full disk is 503, stores nothing by halves, and is over when there is room (${seed})`, () =>
    fullDisk(seed),
  )
  it(`so is a file that may not grow (${seed})`, () => limitedFile(seed))
}
