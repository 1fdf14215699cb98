/** What goes with a customer's page: the policy that keeps it harmless, who may frame it, and the cookie of the code. */
import type { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../../config.ts'
import type { Engine } from '../../engine-api.ts'
import { HabitueError } from '../../errors.ts'
import { pageHeaders } from '../html.ts'
import { styleHash } from './style.ts'

const cookieName = 'habitue_page'

/** The origins whose pages may show a customer's page in a frame. @throws HabitueError invalid_config */
export function frameAncestors({ page: { frameAncestors: given } }: Pick<Config, 'page'>): readonly string[] {
  const origins = given.split(/\s+/).filter(Boolean)
  const odd = origins.find((origin) => !/^https?:\/\/(\*\.)?[\w.-]+(:\d{1,5})?$/.test(origin))
  if (odd === undefined) return origins
  const message = `The setting page.frameAncestors has ${JSON.stringify(odd)}; expected origins such as https://shop.example, separated by spaces.`
  throw new HabitueError('invalid_config', message, { name: 'page.frameAncestors' })
}

/** `hash` = SHA-256 of the page's style element, base64. */
export function sendPage(
  engine: Engine,
  reply: FastifyReply,
  status: number,
  html: string | Readable,
  hash: string = styleHash,
) {
  return pageHeaders(reply, hash, frameAncestors(engine.config)).code(status).send(html)
}

/** What the browser kept that gave the code; '' = nothing. */
export function proofOf({ headers }: FastifyRequest): string {
  return /(?:^|;\s*)habitue_page=([\w.-]{1,100})(?:;|$)/.exec(headers.cookie ?? '')?.[1] ?? ''
}

/**
 * Keeps it, or with null takes it back. In the frame of another site a browser sends a cookie only where it says that it
 * may (`SameSite=None`), and then keeps one for each site (`Partitioned`): forms are guarded by a word of their own.
 */
export function keepProof(
  request: FastifyRequest,
  reply: FastifyReply,
  config: Pick<Config, 'page'>,
  proof: string | null,
): void {
  const isHere = request.protocol === 'http' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(request.hostname)
  const isFramed = frameAncestors(config).length > 0 && !isHere
  const site = isFramed ? ['SameSite=None', 'Partitioned'] : ['SameSite=Strict']
  const attributes = ['Path=/', 'HttpOnly', ...site, ...(isHere ? [] : ['Secure'])]
  if (proof === null) attributes.push('Max-Age=0')
  reply.header('set-cookie', [`${cookieName}=${proof ?? ''}`, ...attributes].join('; '))
}
