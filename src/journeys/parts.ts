/** Compiles the small parts of a definition (conditions, values, spans of time), and tells what is wrong with each. */

import type { Uses } from '../conditions/walk.ts'
import { type Duration, parseDuration } from './duration.ts'
import { compileText, type Expression } from './expression.ts'
import type { Filled, Match } from './journey.ts'
import type { EventMatch } from './schema.ts'

export type Path = readonly (string | number)[]
export type Tell = (path: Path, message: string) => void

const noUses: Uses = {
  roots: new Set(),
  customer: new Set(),
  eventNames: new Set(),
  reach: 0,
  lines: false,
  margin: false,
  context: false,
}

export class Parts {
  readonly tell: Tell
  readonly #expressions: Expression[] = []

  constructor(tell: Tell) {
    this.tell = tell
  }

  /** What they look at. */
  get uses(): readonly Uses[] {
    return this.#expressions.map(({ uses }) => uses)
  }

  /** What cannot be compiled is told, and stands for nothing. `wanted` `bool` = a condition. */
  expression(text: string, wanted: 'bool' | 'any', path: Path): Expression {
    const compiled = compileText(text, wanted)
    if ('expression' in compiled) {
      this.#expressions.push(compiled.expression)
      return compiled.expression
    }
    this.tell(path, compiled.trouble)
    return { text, uses: noUses, evaluate: () => undefined }
  }

  duration(text: string, path: Path): Duration {
    const duration = parseDuration(text)
    if (duration === null)
      this.tell(path, `${JSON.stringify(text)} is no span of time; expected one such as "2 days", up to 50 years.`)
    return duration ?? { years: 0, months: 0, days: 0, ms: 1 }
  }

  /** Null where there is none. */
  span(text: string | undefined, path: Path): Duration | null {
    return text === undefined ? null : this.duration(text, path)
  }

  match({ event, when }: EventMatch, path: Path): Match {
    const names = new Set([event].flat())
    return when === undefined ? { names } : { names, when: this.expression(when, 'bool', [...path, 'when']) }
  }

  /** `value` with every text that begins with `=` worked out each time. */
  filled<T>(value: unknown, path: Path): Filled<T> {
    const fill = this.#fill(value, path)
    return (fill ?? (() => value)) as Filled<T>
  }

  /** Null where nothing in it is an expression. */
  #fill(value: unknown, path: Path): Filled<unknown> | null {
    if (typeof value === 'string') {
      if (!value.startsWith('=')) return null
      const expression = this.expression(value.slice(1), 'any', path)
      return (values) => expression.evaluate(values)
    }
    if (value === null || typeof value !== 'object') return null
    const isList = Array.isArray(value)
    const parts = Object.entries(value).map(
      ([key, one]) => [key, one, this.#fill(one, [...path, isList ? Number(key) : key])] as const,
    )
    if (parts.every(([, , fill]) => fill === null)) return null
    return (values) => {
      const filled = parts.map(([key, one, fill]) => [key, fill === null ? one : fill(values)] as const)
      return isList ? filled.map(([, one]) => one) : Object.fromEntries(filled)
    }
  }
}
