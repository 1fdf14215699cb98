import { expect, it } from 'vitest'
import { HabitueError } from '../errors.ts'
import { gathered } from './gather.ts'

/** Doubles numbers, except those that `fail` says; notes what it was asked at a time. */
function doubling(fail: (asked: readonly number[]) => Error | null = () => null) {
  const runs: (readonly number[])[] = []
  const double = gathered(3, async (asked: readonly number[]) => {
    runs.push(asked)
    await new Promise((resolve) => setImmediate(resolve))
    const error = fail(asked)
    if (error) throw error
    return asked.map((n) => 2 * n)
  })
  return { runs, double }
}

it('asks at the same time for what is asked at the same time, and gives each his own', async () => {
  const { runs, double } = doubling()
  expect(await Promise.all([1, 2, 3, 4].map(double))).toEqual([2, 4, 6, 8])
  expect(runs).toEqual([[1, 2, 3], [4]])
  const first = double(5)
  await Promise.resolve()
  await Promise.resolve()
  expect(await Promise.all([first, double(6), double(7)])).toEqual([10, 12, 14])
  expect(runs.slice(2)).toEqual([[5], [6, 7]])
})

it('one that fails spoils no other, and others are served afterwards', async () => {
  const { double } = doubling((asked) => (asked.includes(2) ? new Error('two') : null))
  const answers = await Promise.allSettled([1, 2, 3].map(double))
  expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : answer.reason.message))).toEqual([
    2,
    'two',
    6,
  ])
  expect(await double(4)).toBe(8)
})

it('where storage is away nobody is asked for again', async () => {
  const away = new HabitueError('storage_unavailable', 'away')
  const { runs, double } = doubling(() => away)
  expect(await Promise.allSettled([1, 2, 3].map(double))).toEqual(
    [1, 2, 3].map(() => ({ status: 'rejected', reason: away })),
  )
  expect(runs).toEqual([[1, 2, 3]])
})
