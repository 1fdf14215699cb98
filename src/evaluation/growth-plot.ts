/** The curve of `eval growth` as an SVG: quality of the blend and of popularity against the number of events. */
import type { GrowthPoint } from './growth.ts'

const [width, height, margin] = [560, 300, 56] as const

export function growthPlot(points: readonly GrowthPoint[], title: string): string {
  const logs = points.map(({ events }) => Math.log10(events))
  const [first, last] = [Math.floor(Math.min(...logs)), Math.max(Math.min(...logs) + 1, ...logs)]
  const top =
    Math.ceil(10 * Math.max(...points.map(({ blend, popularity, high }) => Math.max(blend, popularity + high)))) / 10
  const x = (log: number) => (margin + (width * (log - first)) / (last - first)).toFixed(1)
  const y = (value: number) => (margin + height * (1 - Math.max(0, value) / top)).toFixed(1)
  const across = points.map((_, k) => x(logs[k]))
  const line = (values: readonly number[]) =>
    values.map((value, k) => `${k === 0 ? 'M' : 'L'}${across[k]} ${y(value)}`).join('')
  const band = [
    ...points.map(({ popularity, low }, k) => `${across[k]},${y(popularity + low)}`),
    ...points.map(({ popularity, high }, k) => `${across[k]},${y(popularity + high)}`).reverse(),
  ]
  const dots = points.map(({ blend, events, popularity, members, customers }, k) => {
    const label = `${events} events of ${customers} customers: ${blend.toFixed(4)}, popularity ${popularity.toFixed(4)}; ${members.join(', ')}`
    return `<circle cx="${across[k]}" cy="${y(blend)}" r="4"><title>${label}</title></circle>`
  })
  const decades = Array.from({ length: Math.floor(last) - first + 1 }, (_, k) => first + k)
  const below = margin + height
  const xTicks = decades.map((log) =>
    tick(`M${x(log)} ${below}v5`, x(log), `${below + 20}`, 'middle', (10 ** log).toLocaleString('en')),
  )
  const yTicks = Array.from({ length: 5 }, (_, k) => (top * k) / 4).map((value) =>
    tick(`M${margin} ${y(value)}h-5`, `${margin - 9}`, `${Number(y(value)) + 4}`, 'end', value.toFixed(3)),
  )
  const [whole, tall] = [width + 2 * margin, height + 2 * margin + 16]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${whole} ${tall}" font-family="sans-serif" font-size="12">
<title>${title}</title>
<rect width="${whole}" height="${tall}" fill="#fff"/>
<text x="${whole / 2}" y="26" text-anchor="middle" font-size="14">${title}</text>
<polygon points="${band.join(' ')}" fill="#dfe9f5"/>
<path d="M${margin} ${margin}v${height}h${width}" stroke="#333" fill="none"/>
<g>${[...xTicks, ...yTicks].join('')}</g>
<path d="${line(points.map(({ popularity }) => popularity))}" stroke="#b0603a" stroke-dasharray="5 3" fill="none"/>
<path d="${line(points.map(({ blend }) => blend))}" stroke="#1f5fa8" stroke-width="2" fill="none"/>
<g fill="#1f5fa8">${dots.join('')}</g>
<text x="${whole - margin}" y="${Number(y(points[points.length - 1].popularity)) + 16}" text-anchor="end" fill="#b0603a">popularity</text>
<text x="${whole - margin}" y="${Number(y(points[points.length - 1].blend)) - 10}" text-anchor="end" fill="#1f5fa8">the blend, 95 % of its distance to popularity</text>
<text x="${whole / 2}" y="${tall - 10}" text-anchor="middle">events learned from</text>
<text transform="translate(14 ${tall / 2}) rotate(-90)" text-anchor="middle">NDCG@10</text>
</svg>
`
}

function tick(path: string, x: string, y: string, anchor: string, text: string): string {
  return `<path d="${path}" stroke="#333"/><text x="${x}" y="${y}" text-anchor="${anchor}" fill="#333">${text}</text>`
}
