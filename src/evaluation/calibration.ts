/** Does what is said with probability p come true as often as that? Bins, their error, and the plot. */

export interface CalibrationBin {
  readonly from: number
  readonly to: number
  readonly answers: number
  /** Mean of what was said, and the share that came true; NaN where nothing was said. */
  readonly said: number
  readonly right: number
}

/** Bins of equal width over 0..1. */
export function calibrationBins(said: ArrayLike<number>, right: ArrayLike<number>, bins: number): CalibrationBin[] {
  const sums = Array.from({ length: bins }, () => ({ answers: 0, said: 0, right: 0 }))
  for (let i = 0; i < said.length; i++) {
    const sum = sums[Math.min(bins - 1, Math.floor(said[i] * bins))]
    sum.answers++
    sum.said += said[i]
    sum.right += right[i]
  }
  return sums.map(({ answers, said: total, right: hits }, n) => ({
    from: n / bins,
    to: (n + 1) / bins,
    answers,
    said: total / answers,
    right: hits / answers,
  }))
}

/** The largest difference in a bin of at least `least` answers; 0 where there is none. */
export function largestGap(bins: readonly CalibrationBin[], least: number): number {
  return Math.max(0, ...bins.filter(({ answers }) => answers >= least).map(({ said, right }) => Math.abs(said - right)))
}

const size = 420
const margin = 48

/** A square with the bins as points (area by their number of answers), the diagonal, and .05 to both sides of it. */
export function calibrationPlot(bins: readonly CalibrationBin[], title: string): string {
  const x = (p: number) => (margin + p * size).toFixed(1)
  const y = (p: number) => (margin + (1 - p) * size).toFixed(1)
  const most = Math.max(1, ...bins.map(({ answers }) => answers))
  const ticks = Array.from({ length: 6 }, (_, n) => n / 5).map(
    (p) =>
      `<path d="M${x(p)} ${y(0)}v5M${x(0)} ${y(p)}h-5"/>` +
      `<text x="${x(p)}" y="${Number(y(0)) + 20}" text-anchor="middle">${p.toFixed(1)}</text>` +
      `<text x="${Number(x(0)) - 9}" y="${Number(y(p)) + 4}" text-anchor="end">${p.toFixed(1)}</text>`,
  )
  const points = bins
    .filter(({ answers }) => answers > 0)
    .map(({ said, right, answers }) => {
      const radius = (3 + 9 * Math.sqrt(answers / most)).toFixed(1)
      const label = `said ${said.toFixed(3)}, right ${right.toFixed(3)}, ${answers} answers`
      return `<circle cx="${x(said)}" cy="${y(right)}" r="${radius}"><title>${label}</title></circle>`
    })
  const side = size + 2 * margin
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side + 10}" font-family="sans-serif" font-size="12">
<title>${escaped(title)}</title>
<rect width="${side}" height="${side + 10}" fill="#fff"/>
<text x="${side / 2}" y="24" text-anchor="middle" font-size="14">${escaped(title)}</text>
<polygon points="${x(0)},${y(0.05)} ${x(0.95)},${y(1)} ${x(1)},${y(1)} ${x(1)},${y(0.95)} ${x(0.05)},${y(0)} ${x(0)},${y(0)}" fill="#dfe9f5"/>
<path d="M${x(0)} ${y(0)}L${x(1)} ${y(1)}" stroke="#7a93b0" stroke-dasharray="4 3"/>
<g stroke="#333" fill="none"><rect x="${x(0)}" y="${y(1)}" width="${size}" height="${size}"/></g>
<g stroke="none" fill="#333">${ticks.join('').replaceAll('<path ', '<path stroke="#333" ')}</g>
<g fill="#1f5fa8" fill-opacity=".8">${points.join('')}</g>
<text x="${side / 2}" y="${side - 4}" text-anchor="middle">said with probability</text>
<text transform="translate(14 ${side / 2}) rotate(-90)" text-anchor="middle">came true</text>
</svg>
`
}

const escaped = (text: string) => text.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;' })[sign] ?? '&gt;')
