/**
 * Calls that are made at the same time go together: the first goes at once, those that come while it is under way go with the
 * next. So a busy process asks seldom for much, and an idle one waits for nobody.
 */
import { HabitueError } from '../errors.ts'

/**
 * `run` answers in the order of what it was asked, of which it is given at most `most` at a time; it is under way once at a
 * time. Where it fails for several, each is asked for alone, so that one which cannot be served spoils no other.
 */
export function gathered<A, R>(
  most: number,
  run: (asked: readonly A[]) => Promise<readonly R[]>,
): (asked: A) => Promise<R> {
  const waiting: Waiting<A, R>[] = []
  let isUnderWay = false
  const serve = async () => {
    isUnderWay = true
    // Whoever asks in the same breath goes along.
    await null
    while (waiting.length > 0) await served(waiting.splice(0, most), run)
    isUnderWay = false
  }
  return (asked) =>
    new Promise((resolve, reject) => {
      waiting.push({ asked, resolve, reject })
      if (!isUnderWay) void serve()
    })
}

interface Waiting<A, R> {
  readonly asked: A
  resolve(answer: R): void
  reject(error: unknown): void
}

async function served<A, R>(
  some: readonly Waiting<A, R>[],
  run: (asked: readonly A[]) => Promise<readonly R[]>,
): Promise<void> {
  try {
    const answers = await run(some.map(({ asked }) => asked))
    for (const [i, { resolve }] of some.entries()) resolve(answers[i])
  } catch (error) {
    const isStorage = error instanceof HabitueError && error.status >= 500
    if (some.length === 1 || isStorage) for (const { reject } of some) reject(error)
    else await Promise.all(some.map((one) => served([one], run)))
  }
}
