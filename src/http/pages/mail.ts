/**
 * Where links of mails lead: `/l/` on to a page of the shop, `/u/` to "no more of these" (and one POST ends it, RFC 8058),
 * `/c/` to the confirmation of a consent. Nothing but a button acts: scanners open every link of a mail.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Engine } from '../../engine-api.ts'
import { escaped as e } from '../html.ts'
import type { App } from '../typed-app.ts'
import { document, languageLinks, notice } from './document.ts'
import { sendPage } from './headers.ts'
import { type Language, languageOf } from './language.ts'
import { type MailWords, mailWords } from './mail-words.ts'

type LinkRequest = FastifyRequest<{ Params: { link: string }; Querystring: Record<string, string | undefined> }>

/** Bytes. */
const formLimit = 4096

interface Shown {
  readonly language: Language
  readonly words: MailWords
}

export function mailPageRoutes(app: App, engine: Engine): void {
  const { mailDoors } = engine
  const shared = {
    schema: { hide: true },
    config: { open: 'its link came by mail to whom it is about', reads: 'raw' },
  } as const
  const posted = { ...shared, bodyLimit: formLimit }

  app.get('/l/:link', shared, async (request, reply) => {
    const asked = request as LinkRequest
    const address = await mailDoors.follow(asked.params.link, {
      agent: request.headers['user-agent'],
      isLook:
        request.method === 'HEAD' ||
        request.headers['sec-purpose'] !== undefined ||
        request.headers.purpose !== undefined,
    })
    if (address === null) return gone(engine, reply, shownTo(asked))
    return reply
      .header('cache-control', 'no-store')
      .header('referrer-policy', 'no-referrer')
      .header('x-robots-tag', 'noindex')
      .redirect(address, 302)
  })

  app.get('/u/:link', shared, async (request, reply) => {
    const asked = request as LinkRequest
    const shown = shownTo(asked)
    const leaving = await mailDoors.leaving(asked.params.link)
    if (!leaving) return gone(engine, reply, shown)
    const { words } = shown
    const buttons = [
      ...(leaving.refused ? [] : [button('channel', words.leaveChannel(leaving.channel))]),
      ...(leaving.refusedAll ? [] : [button('all', words.leaveAll)]),
    ]
    const said = leaving.refusedAll ? words.leftAll : leaving.refused ? words.left : words.leave(leaving.shop)
    return page(engine, reply, shown, words.leaveTitle, said, buttons)
  })

  app.post('/u/:link', posted, async (request, reply) => {
    const asked = request as LinkRequest
    const shown = shownTo(asked)
    const form = formOf(request)
    const isOneClick = form.get('List-Unsubscribe') === 'One-Click'
    const wanted = form.get('do')
    if (!isOneClick && wanted !== 'channel' && wanted !== 'all') return gone(engine, reply, shown)
    if (!(await mailDoors.leave(asked.params.link, wanted === 'all'))) return gone(engine, reply, shown)
    // A mail program that posts for its reader wants no other page than this one.
    if (isOneClick) return page(engine, reply, shown, shown.words.leaveTitle, shown.words.left, [])
    return reply.code(303).header('location', `?lang=${shown.language.words.language}`).send()
  })

  app.get('/c/:link', shared, async (request, reply) => {
    const asked = request as LinkRequest
    const shown = shownTo(asked)
    const found = await mailDoors.confirming(asked.params.link)
    if (!found) return gone(engine, reply, shown)
    const { words } = shown
    if (found.confirmed) return page(engine, reply, shown, words.confirmTitle, words.confirmed, [])
    const said = words.confirm(found.shop, found.address)
    return page(engine, reply, shown, words.confirmTitle, said, [button('confirm', words.confirmButton)])
  })

  app.post('/c/:link', posted, async (request, reply) => {
    const asked = request as LinkRequest
    const shown = shownTo(asked)
    const found = await mailDoors.confirming(asked.params.link)
    if (!found || formOf(request).get('do') !== 'confirm') return gone(engine, reply, shown)
    // What he agreed to is what stood there.
    const isDone = await mailDoors.confirm(asked.params.link, shown.words.confirm(found.shop, found.address))
    if (!isDone) return gone(engine, reply, shown)
    return reply.code(303).header('location', `?lang=${shown.language.words.language}`).send()
  })
}

function shownTo({ query, headers }: LinkRequest): Shown {
  const language = languageOf(query.lang, headers['accept-language'])
  return { language, words: mailWords[language.words.language] ?? mailWords.en }
}

/** One-click programs send it as a form of either kind (RFC 8058, 3.2). */
function formOf({ body, headers }: FastifyRequest): URLSearchParams {
  const text = Buffer.isBuffer(body) ? body.toString('utf8') : ''
  if (!headers['content-type']?.startsWith('multipart/form-data')) return new URLSearchParams(text)
  const fields = [...text.matchAll(/name="([\w-]{1,50})"\r?\n(?:[\w-]+:[^\n]*\n)*\r?\n([^\r\n]{0,200})/g)]
  return new URLSearchParams(Object.fromEntries(fields.map(([, name, value]) => [name, value])))
}

function button(act: string, label: string): string {
  return `<button name="do" value="${act}">${e(label)}</button>`
}

function page(
  engine: Engine,
  reply: FastifyReply,
  { language }: Shown,
  title: string,
  said: string,
  buttons: readonly string[],
) {
  const form =
    buttons.length > 0
      ? `<form method="post" action="?lang=${language.words.language}"><div class="row">${buttons.join('')}</div></form>`
      : ''
  const inner = `<header>${languageLinks(language.words)}<h1>${e(title)}</h1></header>
<main><section class="block"><p role="status">${e(said)}</p>${form}</section></main>`
  return sendPage(engine, reply, 200, document(language, title, inner))
}

function gone(engine: Engine, reply: FastifyReply, { language, words }: Shown) {
  return sendPage(engine, reply, 404, notice(language, words.goneTitle, words.gone))
}
