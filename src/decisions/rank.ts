/** From scores to a list: the best allowed candidates, one of a group, pages without repeats. */
import { HabitueError } from '../errors.ts'
import { makeTopK, type TopK } from '../kernels/topk.ts'
import type { Candidate } from './rules.ts'

/** What may stand in a list. */
export interface Allowance {
  /** Of an internal id; may be dear. */
  allows(id: number): boolean
  /** Model indices that are not allowed and known to be so: `allows` need not be asked. */
  readonly hidden: Int32Array
}

/** How many more than wanted are looked at before all are: some of the best may not be allowed. */
const spare = 6

/** Candidates chosen at most by the kernel at a time. */
const mostSelected = 512

const selectors = new Map<number, TopK>()

/** One serves all models of a length; a swap brings another length, so few are kept. */
function selector(length: number): TopK {
  let select = selectors.get(length)
  if (!select) {
    if (selectors.size >= 4) selectors.clear()
    select = makeTopK(length, mostSelected)
    selectors.set(length, select)
  }
  return select
}

/**
 * The `count` best of `scores` (by model index; -Infinity = not in the running) among the allowed, highest first,
 * equal scores by lower id. `ids` ascend. What is hidden is struck out of `scores`.
 */
export function best(scores: Float32Array, ids: Int32Array, count: number, { allows, hidden }: Allowance): Candidate[] {
  for (let h = 0; h < hidden.length; h++) scores[hidden[h]] = Number.NEGATIVE_INFINITY
  const select = selector(ids.length)
  for (let most = Math.min(count + spare, mostSelected); most <= mostSelected; most *= 4) {
    const positions = select(scores, most)
    const found: Candidate[] = []
    for (let p = 0; p < positions.length && found.length < count; p++) {
      const id = ids[positions[p]]
      if (allows(id)) found.push({ id, score: scores[positions[p]] })
    }
    if (found.length === count || positions.length < most) return found
  }
  return bestOfAll(scores, ids, count, allows)
}

/** The same, however many of the best are not allowed: a heap of the best so far, the worst at its root. */
function bestOfAll(scores: Float32Array, ids: Int32Array, count: number, allows: (id: number) => boolean): Candidate[] {
  const room = Math.min(count, ids.length)
  const heap = new Int32Array(room)
  let size = 0
  // What most items fail, in one comparison; so does what is not a number.
  let bar = lowestScore
  const worse = (a: number, b: number) => scores[a] < scores[b] || (scores[a] === scores[b] && ids[a] > ids[b])
  for (let i = 0; i < ids.length; i++) {
    if (!(scores[i] >= bar)) continue
    if (size === room && !worse(heap[0], i)) continue
    if (!allows(ids[i])) continue
    if (size < room) {
      let at = size++
      while (at > 0 && worse(i, heap[(at - 1) >> 1])) {
        heap[at] = heap[(at - 1) >> 1]
        at = (at - 1) >> 1
      }
      heap[at] = i
    } else sink(heap, size, i, worse)
    if (size === room) bar = scores[heap[0]]
  }
  const order = Array.from(heap.subarray(0, size)).sort((a, b) => scores[b] - scores[a] || ids[a] - ids[b])
  return order.map((i) => ({ id: ids[i], score: scores[i] }))
}

/** The lowest finite float: -Infinity is not in the running. */
const lowestScore = -3.4028234663852886e38

/** Replaces the root of `heap` by `value` and lets it sink to its place. */
function sink(heap: Int32Array, size: number, value: number, worse: (a: number, b: number) => boolean): void {
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= size) break
    if (child + 1 < size && worse(heap[child + 1], heap[child])) child++
    if (!worse(heap[child], value)) break
    heap[at] = heap[child]
    at = child
  }
  heap[at] = value
}

/** The same for a list that is sorted already: the first `count` allowed. */
export function firstAllowed(
  sorted: Iterable<Candidate>,
  count: number,
  allowed: (id: number) => boolean,
): Candidate[] {
  const found: Candidate[] = []
  for (const { id, score } of sorted) {
    if (found.length === count) break
    if (allowed(id)) found.push({ id, score })
  }
  return found
}

/** Keeps the first of each group of variants that is not `taken`, and takes it; an item without one (-1) is its own. */
export function onePerGroup<T extends { readonly id: number }>(
  ranked: readonly T[],
  groupOf: (id: number) => number,
  taken: Set<number>,
): T[] {
  return ranked.filter(({ id }) => {
    const group = groupOf(id)
    if (group < 0) return true
    if (taken.has(group)) return false
    taken.add(group)
    return true
  })
}

/** The items shown on earlier pages, as an opaque text: whatever changes meanwhile, a page repeats none of them. */
export function pageToken(shown: readonly number[]): string {
  return Buffer.from(Uint32Array.from(shown).buffer).toString('base64url')
}

/** @throws HabitueError invalid_body on a text that is no such token */
export function shownBefore(token: string | undefined): number[] {
  if (token === undefined) return []
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length === 0 || bytes.length % 4 !== 0 || bytes.toString('base64url') !== token) {
    throw new HabitueError(
      'invalid_body',
      `"after" is not a token of an earlier answer's "next": ${token.slice(0, 40)}`,
    )
  }
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(4 * i))
}
