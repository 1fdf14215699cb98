/**
 * One reader for every body, whatever its content type says: SDKs send JSON as text/plain, and gzip as a form. Gzip is
 * known by its magic bytes, not by its label.
 */
import { gunzip } from 'node:zlib'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HabitueError } from '../errors.ts'
import { holdsUnstorable, jsonText, malformedJson } from './json.ts'

/**
 * Bytes of a tracking request, before and after decompression: RudderStack's 4,000 KB a batch, which holds Segment's
 * 500 KB too. (KB = 1,024 bytes here.)
 */
export const trackingBodyLimit = 4_000 * 1024
/** Bytes of an import or a bulk load in one request; larger histories come in several. */
export const bulkBodyLimit = 64 * 1024 * 1024
/** Bytes of any other request. */
export const bodyLimit = 1024 * 1024

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * How the body is read. `json` (default): keys that poison prototypes are refused. `events`: they are taken out, so
     * that one odd trait does not lose a batch. `raw`: decompressed bytes. `ignored`: nothing.
     */
    reads?: 'json' | 'events' | 'raw' | 'ignored'
  }
}

const mediaType = /^\s*[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(;|$)/

/** @throws HabitueError invalid_text, where the address holds NUL */
export function checkAddress(request: FastifyRequest): void {
  if (request.url.includes('%00')) throw unstorable('address')
}

function unstorable(where: string): HabitueError {
  return new HabitueError('invalid_text', `The ${where} holds NUL or half a surrogate pair, which cannot be stored.`)
}

/** Fastify refuses a body whose content type it cannot read; here a wrong label never loses an event. */
export function relabel(request: FastifyRequest): void {
  const type = request.headers['content-type']
  if (type !== undefined && !mediaType.test(type)) request.headers['content-type'] = 'application/octet-stream'
}

type Done = (error: Error | null, body?: unknown) => void

/** Replaces Fastify's own parsers. An empty body of a `json` route arrives as undefined. */
export function installBodyReader(app: FastifyInstance): void {
  // secure-json-parse, by way of Fastify: synchronous, whatever the callback looks like.
  const strict = app.getDefaultJsonParser('error', 'error')
  const cleaning = app.getDefaultJsonParser('remove', 'remove')

  function read(request: FastifyRequest, bytes: Buffer, done: Done): void {
    const reads = request.routeOptions.config.reads ?? 'json'
    if (reads === 'raw') {
      done(null, bytes)
      return
    }
    if (reads === 'ignored' || (reads === 'json' && bytes.length === 0)) {
      done(null, undefined)
      return
    }
    try {
      const text = jsonText(bytes)
      const parse = reads === 'events' ? cleaning : strict
      parse(request, text, (error, value) => {
        if (error) done(whyRefused(text))
        // Only an escape can hold what is looked for; the door looks at events itself, one by one.
        else if (reads === 'json' && text.includes('\\u') && holdsUnstorable(value)) done(unstorable('body'))
        else done(null, value)
      })
    } catch (error) {
      done(error as Error)
    }
  }

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) {
      read(request, bytes, done)
      return
    }
    const limit = request.routeOptions.bodyLimit ?? bodyLimit
    gunzip(bytes, { maxOutputLength: limit }, (error, plain) =>
      error ? done(whyNotUnpacked(error, limit)) : read(request, plain, done),
    )
  })
}

/** Why the parser refused `text`: it is no JSON, or it is, with a key that would change an object's prototype. */
function whyRefused(text: string): HabitueError {
  try {
    JSON.parse(text)
  } catch {
    return malformedJson(text)
  }
  const keys = ['__proto__', 'constructor.prototype']
  return new HabitueError('invalid_body', `The body has a key that is never accepted: ${keys.join(' or ')}.`, { keys })
}

function whyNotUnpacked(error: NodeJS.ErrnoException, limit: number): HabitueError {
  if (error.code === 'ERR_BUFFER_TOO_LARGE') {
    return new HabitueError('body_too_large', `The body is larger than ${limit} bytes when unpacked.`, { limit })
  }
  const what = error.code === 'Z_BUF_ERROR' ? 'ends too early' : 'is damaged'
  return new HabitueError('invalid_gzip', `The body is gzip that ${what}.`, { reason: error.code })
}
