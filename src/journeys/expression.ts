/** CEL in a journey: conditions, and the values that a step works out (`"= event.properties.value"`). */
import { type ConditionValues, compileCondition, compileExpression, type Root } from '../conditions/condition.ts'
import type { Uses } from '../conditions/walk.ts'
import { HabitueError } from '../errors.ts'

/**
 * What they may look at: `event` = what began it, or in a trigger, a wait or an exit the event that is looked at; `item` =
 * the first that it is about, as the catalogue has it now; `context` = in which it happened; `began` = what began it;
 * `data` = by step what came of it.
 */
const scope: readonly Root[] = ['event', 'item', 'context', 'began', 'data', 'customer', 'orders', 'events', 'cart']

export interface Values {
  readonly roots: ConditionValues
  readonly now: number
}

export interface Expression {
  readonly text: string
  readonly uses: Uses
  /** Null where it cannot be known: a condition then does not hold. @throws where a value cannot be worked out */
  evaluate(values: Values): unknown
}

export type Compiled = { readonly expression: Expression } | { readonly trouble: string }

/** `wanted` `bool` = a condition. */
export function compileText(text: string, wanted: 'bool' | 'any'): Compiled {
  try {
    if (wanted === 'any') {
      const { uses, evaluate } = compileExpression(text, scope)
      return { expression: { text, uses, evaluate: ({ roots, now }) => evaluate(roots, now) } }
    }
    const { uses, evaluate } = compileCondition(text, scope)
    return { expression: { text, uses, evaluate: ({ roots, now }) => evaluate(roots, now).value } }
  } catch (error) {
    if (error instanceof HabitueError && error.code === 'invalid_condition') return { trouble: error.message }
    throw error
  }
}

export function holds(condition: Expression | undefined, values: Values): boolean {
  return condition === undefined || condition.evaluate(values) === true
}
