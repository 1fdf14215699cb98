/**
 * Every error of the surface, in one form: `{error: {code, message, details, requestId}}`. Trouble with storage is 503,
 * whatever it was called below, because SDKs throw events away on 400, 401 and 413.
 */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { type Engine, storageError } from '../engine-api.ts'
import { type ErrorCode, HabitueError } from '../errors.ts'

export const ErrorAnswer = Type.Object(
  {
    error: Type.Object({
      code: Type.String({ description: 'Stable; see docs/errors.md.' }),
      message: Type.String({ description: 'What was got and what was expected; may change.' }),
      details: Type.Object({}, { additionalProperties: true }),
      requestId: Type.String(),
    }),
  },
  { $id: 'ErrorAnswer', description: 'An error of this API.' },
)

/** Seconds after which a client whose request met trouble with storage should try again. */
const storageRetry = 5

interface SchemaIssue {
  readonly keyword: string
  readonly instancePath: string
  readonly message?: string
  readonly params?: Readonly<Record<string, unknown>>
}

export function installErrorAnswers(app: FastifyInstance, engine: Engine): void {
  app.setSchemaErrorFormatter((issues, part) => invalidBody(issues as readonly SchemaIssue[], part))
  app.setNotFoundHandler((request, reply) => {
    const message = `There is nothing at ${request.method} ${request.url.split('?', 1)[0].slice(0, 200)}.`
    send(reply, request, new HabitueError('not_found', message))
  })
  app.setErrorHandler((thrown: FastifyError | HabitueError, request, reply) => {
    send(reply, request, codedError(engine, request, thrown))
  })
}

/** The body of an error that comes when the answer has begun: the last line of a stream. */
export function errorLine(engine: Engine, request: FastifyRequest, thrown: Error): object {
  const { code, message, details } = codedError(engine, request, thrown)
  return { error: { code, message, details, requestId: request.id } }
}

function codedError(engine: Engine, request: FastifyRequest, thrown: Error): HabitueError {
  const error = thrown instanceof HabitueError ? thrown : translate(thrown as FastifyError)
  if (error.status >= 500) logFault(engine, request, error, thrown)
  return error
}

/** For addresses that Fastify refuses before it knows a route: they pass by the error handler. */
export function refuseAddress(thrown: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const message =
    thrown.code === 'FST_ERR_MAX_PARAM_LENGTH' ? 'A part of the address is too long.' : 'The address cannot be read.'
  send(reply, request, new HabitueError('not_found', message))
}

function send(reply: FastifyReply, request: FastifyRequest, error: HabitueError): void {
  const { code, message, details, status } = error
  const retryAfter = typeof details.retryAfter === 'number' ? details.retryAfter : status === 503 ? storageRetry : 0
  if (retryAfter > 0) reply.header('retry-after', String(retryAfter))
  reply.code(status).type('application/json; charset=utf-8').serializer(JSON.stringify)
  reply.send({ error: { code, message, details, requestId: request.id } })
}

/** Neither bodies nor headers nor query strings are logged: they may hold keys and people's data. */
function logFault(engine: Engine, request: FastifyRequest, error: HabitueError, thrown: Error): void {
  const route = `${request.method} ${request.routeOptions.url ?? 'unknown'}`
  const { name, message, stack } = (error.cause as Error | undefined) ?? thrown
  engine.log.error({ requestId: request.id, route, code: error.code, fault: { name, message, stack } }, error.message)
}

function translate(thrown: FastifyError): HabitueError {
  const { code = '', statusCode } = thrown
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return coded('body_too_large', 'The body is larger than this endpoint takes.')
  const storage = storageError(thrown)
  if (storage instanceof HabitueError) return storage
  // Fastify's own refusals (a bad address, a body shorter than announced) name no data.
  if (code.startsWith('FST_') && statusCode && statusCode < 500) {
    return coded(statusCode === 404 ? 'not_found' : 'invalid_body', thrown.message)
  }
  if (statusCode === 400) return coded('invalid_body', 'The body was cut off before its end.')
  return new HabitueError('internal', 'Something went wrong here; the log has more.', {}, { cause: thrown })
}

function coded(code: ErrorCode, message: string): HabitueError {
  return new HabitueError(code, message)
}

/** Names the first field that is wrong; a list of alternatives reports each, and the first is what a person looks at. */
function invalidBody(issues: readonly SchemaIssue[], part: string): HabitueError {
  const issue = issues.find(({ keyword }) => keyword === 'additionalProperties') ?? issues[0]
  const place = issue.instancePath.replaceAll('/', '.').replace(/^\./, '')
  const where = part === 'body' ? 'body' : part === 'querystring' ? 'query' : part
  if (issue.keyword === 'additionalProperties') {
    const names = (issue.params?.additionalProperties ?? []) as readonly string[]
    const field = [place, names[0]].filter(Boolean).join('.')
    return new HabitueError('invalid_body', `The ${where} has an unknown field "${field}".`, { field })
  }
  if (issue.keyword === 'required') {
    const names = (issue.params?.requiredProperties ?? []) as readonly string[]
    const field = [place, names[0]].filter(Boolean).join('.')
    return new HabitueError('invalid_body', `The ${where} lacks the field "${field}".`, { field })
  }
  const subject = place === '' ? `The ${where}` : `The field "${place}" of the ${where}`
  return new HabitueError('invalid_body', `${subject} ${issue.message ?? 'is wrong'}.`, { field: place })
}
