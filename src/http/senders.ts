/**
 * What of a tracking request is to be believed. A server's word is good. A page's is a claim, unless it brings a customer
 * token: as a header, as `customerToken` in the body, or as `context.customerToken` (of the batch or of one event, which
 * is where an SDK lets a page put things). A token that is no good makes a claim, not an error: SDKs throw away what is
 * answered with 401, and an anonymous visitor's events are welcome all the same; the answer says it as a warning.
 */
import type { FastifyRequest } from 'fastify'
import type { Engine, Sender, VerifiedKey } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { requireScope, tokenHeader } from './authentication.ts'

export interface Warning {
  readonly code: string
  readonly message: string
}

/** Events of one request that have the same sender: their positions in the batch. */
export interface SenderGroup {
  readonly sender: Sender
  /** Null = the whole batch. */
  readonly indices: readonly number[] | null
}

type Loose = Record<string, unknown>

/** Divides a batch by what is to be believed of it. Takes the tokens out of the events, so that none is stored. */
export async function sendersOf(
  request: FastifyRequest,
  engine: Engine,
  key: VerifiedKey,
  body: Loose,
  batch: readonly unknown[],
  historical: boolean,
): Promise<{ groups: readonly SenderGroup[]; warnings: readonly Warning[] }> {
  // A page's own browser speaks for itself; a server speaks for many.
  const gpc = key.kind === 'publishable' && request.headers['sec-gpc'] === '1' ? true : undefined
  const base = { source: key.id, subject: null, historical, gpc }
  if (key.kind !== 'publishable' || engine.config.identityVerification === 'off') {
    return { groups: [{ sender: { ...base, trust: 'verified' }, indices: null }], warnings: [] }
  }
  const tokens = tokensOf(request, body, batch)
  const distinct = [...new Set(tokens)]
  const warnings: Warning[] = []
  const groups: SenderGroup[] = []
  for (const token of distinct) {
    const indices = distinct.length === 1 ? null : tokens.flatMap((of, index) => (of === token ? [index] : []))
    const subject = token === null ? null : await subjectOf(engine, token, warnings)
    groups.push({ sender: { ...base, trust: 'claimed', subject }, indices })
  }
  return { groups, warnings }
}

async function subjectOf(engine: Engine, token: string, warnings: Warning[]): Promise<Sender['subject']> {
  try {
    const checked = await engine.keys.verifyToken(token)
    requireScope(checked, 'track')
    return { user: checked.user, email: checked.email }
  } catch (error) {
    if (!(error instanceof HabitueError) || error.code !== 'customer_token_invalid') throw error
    warnings.push({ code: error.code, message: `${error.message} Ids in these events are kept as claims only.` })
    return null
  }
}

/** The token of each event of the batch, or null. */
function tokensOf(request: FastifyRequest, body: Loose, batch: readonly unknown[]): (string | null)[] {
  const common = text(request.headers[tokenHeader]) ?? text(body.customerToken) ?? takeToken(body.context)
  return batch.map((event) => {
    const { context } = (event ?? {}) as Loose
    return takeToken(context) ?? common
  })
}

function takeToken(context: unknown): string | null {
  if (context === null || typeof context !== 'object' || !('customerToken' in context)) return null
  const { customerToken } = context
  delete (context as Loose).customerToken
  return text(customerToken)
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
