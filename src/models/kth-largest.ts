/**
 * The k-th largest of `values` (1 <= k <= their number, none NaN), which are put in another order on the way: Hoare's FIND
 * (1961) with the middle of three as the pivot. Several times as fast as sorting.
 */
export function kthLargest(values: Float32Array | Float64Array, k: number): number {
  const wanted = values.length - k
  let low = 0
  let high = values.length - 1
  while (low < high) {
    const pivot = middleOf(values[low], values[(low + high) >>> 1], values[high])
    let i = low
    let j = high
    while (i <= j) {
      while (values[i] < pivot) i++
      while (values[j] > pivot) j--
      if (i > j) break
      const swapped = values[i]
      values[i++] = values[j]
      values[j--] = swapped
    }
    if (wanted <= j) high = j
    else if (wanted >= i) low = i
    else break
  }
  return values[wanted]
}

function middleOf(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
}
