/**
 * Conditions in CEL: text -> what may be asked of a customer, an event, an item. Compiling finds every mistake that can
 * be found without data; evaluating never throws: what cannot be known (a missing value compared with `<`) is unknown,
 * `&&` and `||` decide without it where they can, and a condition that stays unknown is false.
 */
import type { ASTNode, ParseError, TypeCheckResult } from '@marcbachmann/cel-js'
import { createLanguage, type Language } from './language.ts'
import { allFields, fieldsAt, functionNames, mistake, rootNames, unknownName } from './mistakes.ts'
import type { Root } from './schema.ts'
import { plainOf } from './values.ts'
import { type Uses, walk, withoutHas } from './walk.ts'

export type { Root } from './schema.ts'
export type { Uses } from './walk.ts'

/** Plain values of the roots: shapes as in schema.ts, times in milliseconds; a missing root is unknown. */
export type ConditionValues = Readonly<Partial<Record<Root, unknown>>>

export interface Verdict {
  readonly value: boolean
  /** The earliest moment at which the answer may be another by the passing of time alone; null = never. */
  readonly until: number | null
}

export interface Condition {
  readonly text: string
  readonly uses: Uses
  evaluate(values: ConditionValues, now: number): Verdict
}

const longestText = 4000

let held: Language | undefined
/** Built once: it holds no data, only the language. */
const language = () => {
  held ??= createLanguage()
  return held
}

/**
 * @param scope which roots it may look at
 * @throws HabitueError invalid_condition, with line and column
 */
export function compileCondition(text: string, scope: readonly Root[]): Condition {
  const { type, uses, run } = compile(text, scope)
  if (type !== 'bool' && !type?.startsWith('dyn'))
    throw mistake(text, 0, `got something of type ${type}; expected a condition that is true or false.`)
  return {
    text,
    uses,
    evaluate(values, now) {
      let value: unknown
      try {
        value = run(values, now)
      } catch {
        value = false
      }
      return { value: value === true, until: language().clock.until }
    },
  }
}

export interface Expression {
  readonly text: string
  readonly uses: Uses
  /** As JSON has it; times as text in ISO 8601. @throws where something is missing that it needs */
  evaluate(values: ConditionValues, now: number): unknown
}

/** A value to be worked out, in the same language. @throws HabitueError invalid_condition, with line and column */
export function compileExpression(text: string, scope: readonly Root[]): Expression {
  const { uses, run } = compile(text, scope)
  return { text, uses, evaluate: (values, now) => plainOf(run(values, now), now) }
}

function compile(text: string, scope: readonly Root[]) {
  if (text.length > longestText)
    throw mistake(text, longestText, `got ${text.length} characters; expected at most ${longestText}.`)
  const { environment, clock, wrap } = language()
  const tree = parsed(text)
  const uses = walk(text, tree, scope)
  const checked = environment.check(text)
  if (!checked.valid) throw typeMistake(text, checked, scope)
  const evaluated = environment.parse(withoutHas(text, tree))
  const run = (values: ConditionValues, now: number): unknown => {
    const context: Record<string, unknown> = {}
    for (const root of uses.roots) context[root] = wrap(root, values[root])
    clock.set(now)
    return evaluated(context)
  }
  return { type: checked.type, uses, run }
}

function parsed(text: string): ASTNode {
  try {
    return language().environment.parse(text).ast
  } catch (error) {
    const { summary = String(error), range } = error as ParseError
    throw mistake(text, range?.start ?? 0, `${summary}; expected a condition in CEL, such as customer.orders > 3.`)
  }
}

function typeMistake(text: string, { error }: TypeCheckResult, scope: readonly Root[]) {
  const node = error?.node as ASTNode | undefined
  const position = error?.range?.start ?? 0
  const summary = error?.summary ?? 'it cannot be understood'
  if (error?.code === 'unknown_variable' && node?.op === 'id')
    return unknownName(text, position, node.args, rootNames(scope), 'what this condition may look at')
  if (error?.code === 'no_such_key' && node?.op === '.') {
    const [receiver, field] = node.args
    const path = receiver.op === 'id' ? [receiver.args] : []
    const fields = (path.length > 0 ? fieldsAt(path) : null) ?? allFields()
    return unknownName(text, position, field, fields, 'one of its fields')
  }
  if (
    error?.code === 'no_matching_overload' &&
    (node?.op === 'call' || node?.op === 'rcall') &&
    !functionNames.includes(node.args[0])
  )
    return unknownName(text, position, node.args[0], functionNames, 'a function')
  return mistake(text, position, `${summary.replaceAll('google.protobuf.', '')}.`)
}
