/**
 * /page/{link}: the customer's own page. It is opened by a link that the shop's server made, changes nothing when it is
 * looked at, and does what its forms say when one of its own comes back.
 */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Engine, Identifier, PageStanding } from '../../engine-api.ts'
import { HabitueError } from '../../errors.ts'
import { exportHtml, exportJson, exportStyleHash } from '../export-document.ts'
import { escaped } from '../html.ts'
import { type Buckets, createBuckets } from '../rate-limit.ts'
import type { App } from '../typed-app.ts'
import { acts, Refused } from './acts.ts'
import { document, languageLinks, notice } from './document.ts'
import { dateTime } from './form.ts'
import { frameAncestors, keepProof, proofOf, sendPage } from './headers.ts'
import { type Language, languageOf } from './language.ts'
import { renderPage } from './render.ts'
import { pageView } from './view.ts'

interface Opened {
  readonly token: string
  readonly who: Identifier
  readonly form: string
  readonly expires: number
  readonly standing: PageStanding
  readonly isOpen: boolean
  readonly language: Language
}

type PageRequest = FastifyRequest<{ Params: { link: string }; Querystring: Record<string, string | undefined> }>

const route = '/page/:link'
/** Bytes; no form of the page is larger. */
const formLimit = 16 * 1024

/** @throws HabitueError invalid_config */
export function pageRoutes(app: App, engine: Engine): void {
  frameAncestors(engine.config)
  const buckets = createBuckets(engine.world)
  const shared = { schema: { hide: true }, config: { open: 'its link says whose page it is', reads: 'raw' } } as const
  const guarded = (handle: Handle) => async (request: FastifyRequest, reply: FastifyReply) => {
    const asked = request as PageRequest
    const language = languageOf(asked.query.lang, request.headers['accept-language'])
    try {
      const opened = await open(engine, asked, language)
      if (opened.standing.guard === 'account')
        return sendPage(engine, reply, 403, notice(language, language.words.accountTitle, language.words.account))
      return await handle(asked, reply, opened)
    } catch (error) {
      return sendTrouble(engine, request, reply, language, error)
    }
  }
  app.get(route, shared, guarded(show(engine)))
  app.post(route, { ...shared, bodyLimit: formLimit }, guarded(slowly(buckets, engine, act(engine))))
}

async function open(engine: Engine, request: PageRequest, language: Language): Promise<Opened> {
  const token = request.params.link
  const { who, form, expires } = await engine.page.open(token)
  const standing = await engine.page.standing(who)
  const isOpen = standing.guard === 'none' || engine.page.isProven(token, proofOf(request))
  return { token, who, form, expires, standing, isOpen, language }
}

const show = (engine: Engine) => async (request: PageRequest, reply: FastifyReply, opened: Opened) => {
  const { who, language } = opened
  const { words } = language
  const { done = '', failed = '' } = request.query
  const view = await pageView(engine, who, {
    ...opened,
    done: Object.hasOwn(words.done, done) ? done : null,
    failed: failed === '' ? null : Object.hasOwn(words.failures, failed) ? failed : 'other',
  })
  note(engine, 'customers.read', who, 'GET')
  return sendPage(engine, reply, 200, renderPage(view))
}

type Handle = (request: PageRequest, reply: FastifyReply, opened: Opened) => Promise<unknown>

/** What one customer may send by forms, over all his links: nobody who reads and clicks sends more. */
const formsAllowed = { perSecond: 0.5, burst: 60 }

/** Whoever holds a link cannot fill memory, or keep the writer busy, faster than a person clicks. */
const slowly =
  (buckets: Buckets, engine: Engine, handle: Handle): Handle =>
  async (request, reply, opened) => {
    const { who, language } = opened
    const wait = buckets.take(`${who.kind} ${who.value}`, formsAllowed)
    if (wait === 0) return handle(request, reply, opened)
    reply.header('retry-after', String(wait))
    return sendPage(engine, reply, 429, notice(language, language.words.failed, language.words.tooFast))
  }

const act = (engine: Engine) => async (request: PageRequest, reply: FastifyReply, opened: Opened) => {
  const { token, who, language, isOpen } = opened
  const form = new URLSearchParams(Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '')
  const site = request.headers['sec-fetch-site']
  const isForeign = site !== undefined && site !== 'same-origin' && site !== 'none'
  if (isForeign || !engine.page.isForm(token, form.get('form') ?? ''))
    return sendPage(engine, reply, 403, notice(language, language.words.failed, language.words.badForm))
  const name = form.get('do') ?? ''
  try {
    if (name === 'export-html' || name === 'export-json') return await sendExport(engine, reply, opened, name)
    if (name === 'erase') return await erase(engine, request, reply, opened, form)
    if (name === 'ask-code') {
      await engine.page.askCode(token)
      return back(reply, opened, 'done=ask-code', '#code')
    }
    if (name === 'prove') {
      const proof = await engine.page.prove(token, form.get('code') ?? '')
      if (proof === null) throw new Refused('code_wrong')
      keepProof(request, reply, engine.config, proof)
      return back(reply, opened, 'done=prove', '')
    }
    if (!Object.hasOwn(acts, name)) throw new Refused('other')
    const { action, run } = acts[name]
    const done = await run({ engine, who, form, language: language.words.language, isOpen })
    note(engine, action, who, 'POST')
    return back(reply, opened, `done=${done}`, '')
  } catch (error) {
    const failure = error instanceof Refused ? error.failure : failureOf(error)
    if (failure === null) throw error
    return back(reply, opened, `failed=${failure}`, '')
  }
}

/** The page again, asked for anew, so that loading it again sends no form twice. */
function back(reply: FastifyReply, { language }: Opened, said: string, place: string) {
  return reply.code(303).header('location', `?lang=${language.words.language}&${said}${place}`).send()
}

/** What the customer is told; null = it is the server's fault. */
function failureOf(error: unknown): string | null {
  return error instanceof HabitueError && error.status < 500 ? error.code : null
}

async function sendExport(
  engine: Engine,
  reply: FastifyReply,
  { who, isOpen, language }: Opened,
  name: 'export-html' | 'export-json',
) {
  if (!isOpen) throw new Refused('code_required')
  const exported = await engine.rights.export(who)
  if (!exported) throw new HabitueError('not_found', language.words.nobody)
  const format = name === 'export-html' ? 'html' : 'json'
  const detail = { method: 'POST', route, format }
  await engine.audit.write({ time: engine.world.now(), actor: 'customer', action: 'customers.export', who, detail })
  reply.header('content-disposition', `attachment; filename="export.${format}"`)
  if (format === 'html')
    return sendPage(engine, reply, 200, Readable.from(exportHtml(exported, language)), exportStyleHash)
  return reply
    .header('cache-control', 'no-store')
    .type('application/json; charset=utf-8')
    .send(Readable.from(exportJson(exported)))
}

async function erase(
  engine: Engine,
  request: PageRequest,
  reply: FastifyReply,
  { who, isOpen, language }: Opened,
  form: URLSearchParams,
) {
  if (!isOpen) throw new Refused('code_required')
  if (form.get('sure') !== 'yes') throw new Refused('unsure')
  const receipt = await engine.rights.erase(who, { refuse: form.get('refuse') === 'yes', actor: 'customer' })
  const { words } = language
  if (!receipt) return sendPage(engine, reply, 200, notice(language, words.forgottenTitle, words.nobody))
  const rows = [
    [words.receipt.id, receipt.id],
    [words.receipt.time, dateTime({ language }, receipt.time)],
    [words.receipt.hash, receipt.hash],
  ].map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`)
  const inner = `<header>${languageLinks(words)}<h1>${escaped(words.forgottenTitle)}</h1></header>
<main><section class="block" role="status"><p>${escaped(words.forgotten(receipt.rows))}</p><dl>${rows.join('')}</dl></section></main>`
  keepProof(request, reply, engine.config, null)
  return sendPage(engine, reply, 200, document(language, words.forgottenTitle, inner))
}

function note(engine: Engine, action: string, who: Identifier, method: 'GET' | 'POST'): void {
  engine.audit.note({ time: engine.world.now(), actor: 'customer', action, who, detail: { method, route } })
}

/** A page for people, whatever went wrong; faults are logged as those of the API are. */
function sendTrouble(engine: Engine, request: FastifyRequest, reply: FastifyReply, language: Language, error: unknown) {
  const { words } = language
  if (error instanceof HabitueError && error.code === 'page_link_invalid') {
    const text = error.details.expired ? words.oldLink : words.badLink
    return sendPage(engine, reply, error.status, notice(language, words.badLinkTitle, text))
  }
  const { name, message, stack } = error as Error
  const fault = { name, message, stack }
  engine.log.error({ requestId: request.id, route: `${request.method} ${route}`, fault }, 'a customer’s page failed')
  const status = error instanceof HabitueError && error.status < 500 ? error.status : 503
  return sendPage(engine, reply, status, notice(language, words.failed, words.trouble))
}
