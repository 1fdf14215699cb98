/** Who may import whom. The table is the architecture: it may grow with a concept, never a cycle. */
import type { Breach, Source } from './sources.ts'

/** Files at the root of src/ that are layers of their own. `errors` and `world` are open to all. */
const open = ['errors', 'world']

const catalogAndBelow = ['catalog', 'identity', 'db']
const eventsAndBelow = ['events', 'consent', ...catalogAndBelow]
const memoryAndBelow = ['memory', 'calendar', ...eventsAndBelow]
const acting = ['moments', 'reorders', 'journeys', 'messages', 'surveys', 'tasks', 'segments', 'conditions', 'reviews']
const everything = ['decisions', 'models', 'kernels', 'access', 'imports', 'config', ...acting, ...memoryAndBelow]

export const importTable: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  world: [],
  config: ['calendar'],
  /** Dates that recur, times of day where somebody is; numbers and texts only. */
  calendar: [],
  kernels: [],
  models: ['kernels'],
  evaluation: ['models', 'kernels'],
  db: ['config'],
  identity: ['db'],
  catalog: ['db'],
  access: ['db'],
  consent: ['identity', 'db'],
  events: ['consent', 'identity', 'catalog', 'db'],
  imports: ['events', 'catalog', 'db'],
  memory: ['calendar', 'events', 'consent', 'identity', 'catalog', 'db', 'config'],
  /** What comes about by itself: events that the engine derives. */
  moments: ['segments', 'conditions', 'config', ...memoryAndBelow],
  /** What customers order again by a link. */
  reorders: memoryAndBelow,
  reviews: ['models', 'config', ...memoryAndBelow],
  /** Conditions in CEL: text -> what may be asked of it; knows no customers. */
  conditions: [],
  segments: ['conditions', 'config', ...memoryAndBelow],
  decisions: ['models', 'kernels', 'segments', 'conditions', 'reviews', 'config', ...memoryAndBelow],
  messages: ['decisions', 'segments', 'conditions', 'config', ...memoryAndBelow],
  surveys: ['conditions', 'config', ...memoryAndBelow],
  tasks: ['conditions', 'config', ...memoryAndBelow],
  journeys: [
    ...['moments', 'messages', 'surveys', 'tasks', 'decisions', 'segments', 'conditions', 'models', 'config'],
    ...memoryAndBelow,
  ],
  /** What the engine is made of, shared by the writer thread and the process that serves. */
  handlers: everything,
  writer: ['handlers', 'db', 'config'],
  'engine-api': everything,
  engine: ['handlers', 'engine-api', ...everything],
  index: ['engine', 'engine-api', 'http', ...everything],
  http: ['engine', 'engine-api', 'config', 'access', 'catalog', 'events', 'decisions', 'memory', ...acting],
  cli: ['engine', 'engine-api', 'config', 'http', 'imports', 'evaluation', 'db'],
}

/** Files outside src/ that a file of it may import: the demo shows the example shop. */
const outside: Readonly<Record<string, readonly string[]>> = {
  'src/cli/demo.ts': ['examples/shop/produce.ts', 'examples/shop/order-door.ts'],
  'src/cli/demo-reminder.ts': ['examples/shop/order-door.ts', 'examples/shop/reminder.ts'],
}

/** The layer of a path: its folder under src/, or the file's own name at the root of src/. */
export function layerOf(path: string): string | null {
  const match = /^src\/([^/]+?)(?:\/|\.ts$)/.exec(path)
  return match ? match[1] : null
}

export function importBreaches(sources: readonly Source[]): Breach[] {
  return sources.filter((source) => !source.isTest).flatMap(breachesOf)
}

function breachesOf(source: Source): Breach[] {
  const from = layerOf(source.path)
  if (from === null) return []
  const allowed = importTable[from]
  if (!allowed)
    return [{ rule: 'imports', path: source.path, message: `the layer "${from}" is not in the import table` }]
  return source.imports.flatMap((target) => {
    const to = layerOf(target)
    if (
      outside[source.path]?.includes(target) ||
      to === from ||
      (to !== null && (open.includes(to) || allowed.includes(to)))
    )
      return []
    const message = to === null ? `may not import ${target}, outside src/` : `${from} may not import ${to} (${target})`
    return [{ rule: 'imports', path: source.path, message }]
  })
}

/** Cycles between files, type imports included. */
export function cycleBreaches(sources: readonly Source[]): Breach[] {
  const graph = new Map(sources.filter((source) => !source.isTest).map((source) => [source.path, source.imports]))
  const state = new Map<string, 'open' | 'done'>()
  const breaches: Breach[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done' || !graph.has(path)) return
    if (state.get(path) === 'open') {
      const cycle = [...trail.slice(trail.indexOf(path)), path]
      breaches.push({ rule: 'cycles', path, message: cycle.join(' -> ') })
      return
    }
    state.set(path, 'open')
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
    state.set(path, 'done')
  }
  for (const path of graph.keys()) visit(path, [])
  return breaches
}
