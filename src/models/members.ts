/** The kinds that a blend may be made of. */
import { als } from './als.ts'
import { content } from './content.ts'
import { ease } from './ease.ts'
import type { ModelKind } from './model.ts'
import { neighbours } from './neighbours.ts'
import { popularity } from './popularity.ts'
import { sequence } from './sequence.ts'
import { sessionNeighbours } from './session-neighbours.ts'
import { transitions } from './transitions.ts'

export const memberKinds: readonly ModelKind[] = [
  popularity,
  ease,
  als,
  neighbours,
  transitions,
  sequence,
  sessionNeighbours,
  content,
]

/** @throws RangeError on an unknown name */
export function memberKind(name: string): ModelKind {
  const kind = memberKinds.find((k) => k.kind === name)
  if (kind) return kind
  throw new RangeError(`there is no model "${name}"; the models are ${memberKinds.map((k) => k.kind).join(', ')}`)
}
