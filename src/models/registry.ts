/** Every kind of model by name. To add a kind: write its file, list it here; the contract suite takes it from here. */
import { blend } from './blend.ts'
import { kindOf } from './bytes.ts'
import { memberKinds } from './members.ts'
import type { Model, ModelKind } from './model.ts'

export const modelKinds: readonly ModelKind[] = [...memberKinds, blend]

/** The kind called `name`. @throws RangeError on an unknown name */
export function modelKind(name: string): ModelKind {
  const kind = modelKinds.find((k) => k.kind === name)
  if (kind) return kind
  throw new RangeError(`there is no model "${name}"; the models are ${modelKinds.map((k) => k.kind).join(', ')}`)
}

/** Opens a model of any kind. @throws RangeError on bytes that are not a model's, or of an unknown or newer kind */
export function modelFromBytes(bytes: Uint8Array): Model {
  return modelKind(kindOf(bytes)).fromBytes(bytes)
}

/**
 * The kind's defaults with `given` laid over them; texts (from a command line) are read as the default's type.
 * @throws RangeError on a name that the kind does not have or a value of another type
 */
export function modelOptions<O extends object>(
  kind: Pick<ModelKind<O>, 'kind' | 'defaults'>,
  given: Readonly<Record<string, unknown>>,
): O {
  const defaults = kind.defaults as Record<string, unknown>
  const options: Record<string, unknown> = { ...defaults }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name)) {
      throw new RangeError(`${kind.kind} has no option "${name}"; it has ${Object.keys(defaults).join(', ') || 'none'}`)
    }
    options[name] = readAs(typeof defaults[name], value, `${kind.kind}'s option "${name}"`)
  }
  return options as O
}

function readAs(type: string, value: unknown, what: string): unknown {
  const read =
    typeof value !== 'string'
      ? value
      : type === 'number' && value.trim() !== ''
        ? Number(value)
        : type === 'boolean' && (value === 'true' || value === 'false')
          ? value === 'true'
          : value
  if (typeof read === type && !Number.isNaN(read)) return read
  throw new RangeError(`${what} should be a ${type}, got ${JSON.stringify(value)}`)
}
