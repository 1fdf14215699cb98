/**
 * /reorder/{link}: what was given last, to be ordered again. Looking orders nothing, whoever looks; the page's button asks the
 * shop for it, once. What has changed between the look and the press is shown anew, and not ordered.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Engine, ReorderPage } from '../../engine-api.ts'
import { HabitueError } from '../../errors.ts'
import { createBuckets } from '../rate-limit.ts'
import type { App } from '../typed-app.ts'
import { notice } from './document.ts'
import { sendPage } from './headers.ts'
import { type Language, languageOf } from './language.ts'
import { renderReorder, wordsOf } from './reorder-render.ts'
import { checkSite } from './site.ts'

type ReorderRequest = FastifyRequest<{ Params: { link: string }; Querystring: Record<string, string | undefined> }>

const route = '/reorder/:link'
/** Bytes: a word a line. */
const formLimit = 16 * 1024
/** Lines of a present that are looked for in a form. */
const mostLines = 20
/** Posts with one link. */
const posts = { perSecond: 0.2, burst: 10 }

export function reorderPageRoutes(app: App, engine: Engine): void {
  const shared = {
    schema: { hide: true },
    config: { open: 'its link came to whom it is about', reads: 'raw' },
  } as const
  const buckets = createBuckets(engine.world)
  app.get(route, shared, async (request, reply) => {
    const asked = request as ReorderRequest
    try {
      return show(engine, asked, reply, await engine.reorders.page(asked.params.link), false)
    } catch (error) {
      return sendTrouble(engine, asked, reply, error)
    }
  })
  app.post(route, { ...shared, bodyLimit: formLimit }, async (request, reply) => {
    const asked = request as ReorderRequest
    const { link } = asked.params
    const form = new URLSearchParams(Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '')
    try {
      checkSite(request)
      const before = await engine.reorders.page(link)
      if (before.state !== 'open') return show(engine, asked, reply, before, false)
      const language = languageFor(asked, before.language)
      const words = wordsOf(language)
      if (buckets.take(link, posts) > 0)
        return sendPage(engine, reply, 429, notice(language, words.goneTitle, words.often))
      const chosen = Array.from({ length: mostLines }, (_, i) => form.get(`line-${i}`))
      const outcome = await engine.reorders.order(link, chosen)
      if (outcome === 'changed') return show(engine, asked, reply, await engine.reorders.page(link), true)
      // Asked for anew, so that loading the page again sends no form twice.
      return reply.code(303).header('location', `?lang=${language.words.language}`).send()
    } catch (error) {
      return sendTrouble(engine, asked, reply, error)
    }
  })
}

function languageFor({ query, headers }: ReorderRequest, own: string | null): Language {
  return languageOf(query.lang ?? own ?? undefined, headers['accept-language'])
}

const statuses = { ordered: 200, unknown: 404, closed: 410, expired: 410 } as const

function show(engine: Engine, asked: ReorderRequest, reply: FastifyReply, page: ReorderPage, changed: boolean) {
  const language = languageFor(asked, page.language)
  const words = wordsOf(language)
  if (page.state === 'open') {
    const shop = engine.config.messages.legalName ?? ''
    const html = renderReorder({ language, offer: page.offer, shop, changed })
    return sendPage(engine, reply, changed ? 409 : 200, html)
  }
  const title = page.state === 'ordered' ? words.orderedTitle : words.goneTitle
  return sendPage(engine, reply, statuses[page.state], notice(language, title, words[page.state]))
}

/** A page for people, whatever went wrong; faults are logged as those of the API are. */
function sendTrouble(engine: Engine, request: ReorderRequest, reply: FastifyReply, error: unknown) {
  const language = languageFor(request, null)
  const words = wordsOf(language)
  const isKnown = error instanceof HabitueError
  const isRefused = isKnown && (error.code === 'consent_refused' || error.code === 'erased_refused')
  const status = isKnown && error.status < 500 ? error.status : 503
  if (status >= 500) {
    const { name, message, stack } = error as Error
    const fault = { name, message, stack }
    engine.log.error(
      { requestId: request.id, route: `${request.method} ${route}`, fault },
      'the page of a reorder failed',
    )
  }
  return sendPage(engine, reply, status, notice(language, words.goneTitle, isRefused ? words.refused : words.trouble))
}
