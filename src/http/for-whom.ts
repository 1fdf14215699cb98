/** For whom a decision is asked: a server asks for anybody; a page for its visitor, or with a token for the customer whom it names. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Ceiling, Engine, Identifier } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { requireAction, requireCustomer } from './authentication.ts'

export const CustomerId = Type.String({
  minLength: 1,
  maxLength: 500,
  description: "The shop's id of a known customer.",
})
export const VisitorId = Type.String({ minLength: 1, maxLength: 500, description: 'Id of an anonymous visitor.' })
export const CeilingName = Type.Enum(['anonymous', 'general', 'known', 'intimate'], {
  description: 'How personal it may be: `anonymous` uses no memory, `general` names nothing of it; default `known`.',
})

export interface ForWhom {
  readonly who: Identifier | null
  /** `anonymous`: a page says who its visitor is, and nobody proved it. */
  readonly ceiling: Ceiling
}

/** @throws HabitueError forbidden, customer_token_required, customer_token_invalid */
export async function forWhom(
  request: FastifyRequest,
  engine: Engine,
  customer: string | undefined,
  anonymousId: string | undefined,
): Promise<ForWhom> {
  if (customer !== undefined) {
    await requireCustomer(request, engine, 'decisions.customer', customer)
    return { who: { kind: 'user', value: customer }, ceiling: 'known' }
  }
  requireAction(request.caller, 'decisions.anonymous')
  if (anonymousId === undefined) return { who: null, ceiling: 'anonymous' }
  const ceiling = request.caller.kind === 'publishable' ? 'anonymous' : 'known'
  return { who: { kind: 'anonymous', value: anonymousId }, ceiling }
}

/** The same where it must be somebody. @throws HabitueError invalid_body besides */
export async function forSomebody(
  request: FastifyRequest,
  engine: Engine,
  { customer, anonymousId }: { customer?: string; anonymousId?: string },
): Promise<ForWhom & { readonly who: Identifier }> {
  const { who, ceiling } = await forWhom(request, engine, customer, anonymousId)
  if (who) return { who, ceiling }
  throw new HabitueError('invalid_body', 'The request has neither "customer" nor "anonymousId"; expected one of them.')
}
