/** Surveys over HTTP, from the definition to the results: what is kept, what is told, and what must not happen. On both engines. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createApp } from '../src/http/app.ts'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const day = 86_400_000

const definition = {
  title: { en: 'Your cart', de: 'Ihr Warenkorb' },
  thanks: { en: 'We will write to you.' },
  pages: [
    {
      questions: [
        {
          id: 'why',
          kind: 'single',
          required: true,
          other: true,
          text: { en: 'What held you back?', de: 'Was hat Sie abgehalten?' },
          choices: [
            { id: 'price', text: { en: 'The price', de: 'Der Preis' } },
            { id: 'delivery', text: { en: 'The delivery', de: 'Die Lieferung' } },
          ],
          fact: { kind: 'attribute', subject: 'held back by' },
        },
        { id: 'nps', kind: 'nps', text: 'Would you recommend us?' },
      ],
    },
    {
      if: "answers.why == 'delivery' || answers.nps <= 6",
      questions: [{ id: 'more', kind: 'text', text: 'Please tell us more.', required: true }],
    },
    {
      questions: [
        {
          id: 'tea',
          kind: 'multiple',
          text: 'What do you like?',
          choices: [
            { id: 'Green', text: 'Green tea' },
            { id: 'Black', text: 'Black tea' },
          ],
          fact: { kind: 'preference', subject: 'category:{answer}', value: 'likes' },
        },
        { id: 'again', kind: 'yesno', text: 'May we ask again?' },
        { id: 'born', kind: 'date', text: 'Your birthday?' },
      ],
    },
  ],
}

/** The page behind a link, as a browser without scripts asks for it. */
async function pages(habitue: Running) {
  const app = await createApp(habitue.engine)
  const path = (url: string) => new URL(url).pathname + new URL(url).search
  return {
    get: (url: string, headers = {}) => app.inject({ method: 'GET', url: path(url), headers }),
    post: (url: string, fields: readonly (readonly [string, string])[], headers: Record<string, string> = {}) =>
      app.inject({
        method: 'POST',
        url: path(url),
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        payload: new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value])).toString(),
      }),
  }
}

async function opened(run: (...given: never[]) => Promise<Running>, config: object = {}, seed = 5) {
  const world = simulatedWorld(seed)
  const habitue = await (run as (...given: unknown[]) => Promise<Running>)(config, { world })
  const put = await habitue.ask('PUT', '/v1/surveys/cart', definition)
  expect(put, JSON.stringify(put.body)).toMatchObject({ status: 200, body: { version: 1, closed: null } })
  const { get, post } = await pages(habitue)
  const invite = async (customer: string, more: object = {}) => {
    await habitue.ask('POST', '/v1/batch', {
      batch: [{ type: 'identify', userId: customer, messageId: `who-${customer}`, traits: {} }],
    })
    return habitue.ask('POST', '/v1/surveys/cart/invitations', { customer, ...more })
  }
  const told = async (customer: string) => {
    const { events } = (await habitue.ask('GET', `/v1/customers/${customer}/timeline?limit=500`)).body
    return events
      .filter(({ name }: { name: string }) => name !== '')
      .map(({ name, body }: { name: string; body: { properties: object } }) => ({ name, ...body.properties }))
      .reverse()
  }
  const facts = async (customer: string) =>
    (await habitue.ask('GET', `/v1/customers/${customer}/facts`)).body.facts as {
      id: string
      kind: string
      subject: string
      value: unknown
    }[]
  return { world, habitue, get, post, invite, told, facts }
}

forEachRunning((_engine, run) => {
  it('a tap records nothing, the button does; answers are kept page by page, told as events and facts, and counted', async () => {
    const { habitue, get, post, invite, told, facts } = await opened(run)
    const { status, body } = await invite('ada', { key: 'cart-1' })
    expect(status).toBe(201)
    expect(await invite('ada', { key: 'cart-1' })).toMatchObject({ status: 200, body: { url: body.url, id: body.id } })
    // The link says nothing about anybody.
    expect(body.url).toMatch(/^http:\/\/[^/]+\/survey\/[\w-]{22}\.[\w-]{22}$/)
    const tap = body.taps.find(({ answer }: { answer: string }) => answer === 'delivery')
    for (const url of [tap.url, body.url, `${body.url}?q=nps&a=11`, `${body.url}?page=2`]) {
      const looked = await get(url)
      expect(looked.statusCode).toBe(200)
      expect(looked.headers['content-security-policy']).toContain("default-src 'none'")
      expect(looked.headers['cache-control']).toBe('no-store')
      expect(looked.headers['set-cookie']).toBeUndefined()
      expect(looked.body.match(/ checked/g)?.length ?? 0).toBe(url === tap.url ? 1 : 0)
      expect(looked.body).not.toContain('<script')
    }
    expect(await told('ada')).toEqual([])

    const empty = await post(body.url, [['page', '0']])
    expect(empty.statusCode).toBe(422)
    expect(empty.body).toContain('Please answer this question.')
    const odd = await post(body.url, [
      ['page', '0'],
      ['why', 'weather'],
      ['nps', '9'],
    ])
    expect([odd.statusCode, odd.body.includes('value="9" checked')]).toEqual([422, true])
    expect(await told('ada')).toEqual([])

    const first = [
      ['page', '0'],
      ['why', 'delivery'],
      ['nps', '9'],
    ] as const
    const answers = await Promise.all([post(body.url, first), post(body.url, first)])
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([303, 303])
    const partial = await told('ada')
    expect(partial.map(({ name }: { name: string }) => name).sort()).toEqual([
      'Fact Told',
      'Survey Answered',
      'Survey Answered',
    ])
    expect(partial).toContainEqual(
      expect.objectContaining({
        survey_id: 'cart',
        question_id: 'why',
        question: 'What held you back?',
        answer: 'delivery',
      }),
    )
    // He comes back another day and goes on where he left.
    expect((await get(body.url)).body).toContain('Please tell us more.')
    await post(body.url, [
      ['page', '1'],
      ['more', 'Too <b>late</b>'],
    ])
    expect((await get(`${body.url}?page=1`)).body).toContain('Too &lt;b&gt;late&lt;/b&gt;')
    await post(body.url, [
      ['page', '2'],
      ['tea', 'Green'],
      ['tea', 'Black'],
      ['again', 'yes'],
      ['born', '1990-02-29'],
    ])
    expect((await told('ada')).some(({ name }: { name: string }) => name === 'Survey Finished')).toBe(false)
    await post(body.url, [
      ['page', '2'],
      ['tea', 'Green'],
      ['tea', 'Black'],
      ['again', 'yes'],
      ['born', '1990-02-28'],
    ])
    const done = (await told('ada')).find(({ name }: { name: string }) => name === 'Survey Finished')
    expect(done.answers).toEqual({
      why: 'delivery',
      nps: 9,
      more: 'Too <b>late</b>',
      tea: ['Green', 'Black'],
      again: 'yes',
      born: '1990-02-28',
    })
    expect((await get(body.url)).body).toContain('We will write to you.')
    expect((await post(body.url, first)).body).toContain('We will write to you.')
    const known = await facts('ada')
    expect(known).toContainEqual(
      expect.objectContaining({
        kind: 'preference',
        subject: 'category:Green',
        value: 'likes',
        provenance: 'told',
        channel: 'survey',
      }),
    )
    expect(known).toContainEqual(
      expect.objectContaining({ kind: 'attribute', subject: 'held back by', value: 'delivery' }),
    )

    for (const [customer, mark] of [
      ['bea', 3],
      ['cy', 8],
    ] as const) {
      const { body: other } = await invite(customer)
      await post(other.url, [
        ['page', '0'],
        ['why', 'other'],
        ['why_other', `It rained, =${customer}`],
        ['nps', String(mark)],
      ])
    }
    const { body: results } = await habitue.ask('GET', '/v1/surveys/cart/results')
    expect(results).toMatchObject({ invited: 3, started: 3, finished: 1 })
    const by = Object.fromEntries(results.questions.map((one: { id: string }) => [one.id, one]))
    expect(by.why.counts).toEqual({ price: 0, delivery: 1, other: 2 })
    expect(by.nps.nps).toBe(0)
    expect(by.nps.mean).toBeCloseTo(20 / 3)
    expect(by.tea.counts).toEqual({ Green: 1, Black: 1 })
    expect(by.why_other).toMatchObject({ answered: 2, counts: null })
    expect(JSON.stringify(results)).not.toContain('rained')
    const withTexts = await habitue.ask('GET', '/v1/surveys/cart/results?texts=true')
    expect(JSON.stringify(withTexts.body)).toContain('It rained, =cy')
    const app = await createApp(habitue.engine)
    const csv = async (texts: boolean) => {
      const authorization = `Bearer ${habitue.engine.localKey()}`
      const url = `/v1/surveys/cart/results?format=csv&texts=${texts}`
      return (await app.inject({ url, headers: { authorization } })).body.split('\r\n')
    }
    const [head, ...rows] = await csv(true)
    expect(head).toBe('invitation,version,invited,finished,customer,why,why_other,nps,more,tea,again,born')
    expect(rows.filter(Boolean)).toHaveLength(3)
    expect(rows.join()).toContain('Green; Black')
    expect((await csv(false)).join()).not.toMatch(/rained|ada|1990/)
  })

  it('an answer that is changed is told anew, and what the old one had said is taken back', async () => {
    const { post, invite, told, facts } = await opened(run)
    const { body } = await invite('ada')
    const tea = (answers: readonly string[]) => [['page', '2'], ...answers.map((one) => ['tea', one] as const)] as const
    await post(body.url, [
      ['page', '0'],
      ['why', 'price'],
      ['nps', '10'],
    ])
    await post(body.url, [
      ['page', '0'],
      ['why', 'delivery'],
      ['nps', '10'],
    ])
    await post(body.url, [
      ['page', '0'],
      ['why', 'price'],
      ['nps', '10'],
    ])
    const why = (await told('ada')).filter(({ question_id }: { question_id?: string }) => question_id === 'why')
    expect(why.map(({ answer }: { answer: string }) => answer)).toEqual(['price', 'delivery', 'price'])
    expect((await facts('ada')).filter(({ kind }) => kind === 'attribute').map(({ value }) => value)).toEqual(['price'])
    await post(body.url, tea(['Green']))
    const liked = async () =>
      (await facts('ada')).filter(({ kind }) => kind === 'preference').map(({ subject }) => subject)
    expect(await liked()).toEqual(['category:Green'])
  })

  it('nobody gets in by a wrong, changed, old or revoked link, nor skips pages, nor posts from elsewhere or too often', async () => {
    const { world, habitue, get, post, invite, told } = await opened(run)
    const { body } = await invite('ada')
    const first = [
      ['page', '0'],
      ['why', 'price'],
    ] as const
    const token = body.url.split('/').at(-1) as string
    const flipped = token.slice(0, -2) + (token.at(-2) === 'A' ? 'B' : 'A') + token.at(-1)
    for (const bad of [flipped, `${token}x`, 'x', `${'A'.repeat(22)}.${token.split('.')[1]}`, '%00'])
      expect((await get(body.url.replace(token, bad))).statusCode).toBeGreaterThanOrEqual(400)
    expect((await post(body.url, first, { 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403)
    await post(body.url, [
      ['page', '2'],
      ['again', 'yes'],
    ])
    await post(body.url, [['page', '99']])
    expect(await told('ada')).toEqual([])
    expect(
      (
        await post(body.url, [
          ['page', '0'],
          ['why', 'other'],
          ['why_other', '4111 1111 1111 1111'],
        ])
      ).body,
    ).toContain('payment card')
    expect(await told('ada')).toEqual([])
    const often = await Promise.all(Array.from({ length: 30 }, () => post(body.url, [['page', '0']])))
    expect(often.some(({ statusCode }) => statusCode === 429)).toBe(true)

    const { body: second } = await invite('bea')
    expect((await habitue.ask('DELETE', `/v1/surveys/cart/invitations/${second.id}`)).status).toBe(204)
    expect((await post(second.url, first)).statusCode).toBe(410)
    expect((await get(second.url)).statusCode).toBe(410)
    expect((await habitue.ask('DELETE', '/v1/surveys/cart/invitations/none')).status).toBe(404)
    const { body: third } = await invite('cy')
    world.advance(31 * day)
    expect([(await get(third.url)).statusCode, (await post(third.url, first)).statusCode]).toEqual([410, 410])
    expect([...(await told('bea')), ...(await told('cy'))]).toEqual([])
  })

  it('speaks the language of the invitation, else of the browser, and falls back to its own', async () => {
    const { get, invite } = await opened(run)
    const { body } = await invite('ada', { language: 'de' })
    expect(body.taps[0]).toMatchObject({ answer: 'price', text: 'Der Preis' })
    const page = (await get(body.url)).body
    expect(page).toContain('<html lang="de">')
    expect(page).toContain('Was hat Sie abgehalten?')
    expect(page).toContain('<span lang="en">Would you recommend us?</span>')
    expect((await get(`${body.url}?lang=en`)).body).toContain('What held you back?')
    const { body: other } = await invite('bea')
    expect((await get(other.url, { 'accept-language': 'de-AT' })).body).toContain('<html lang="de">')
  })

  it('a version stays with who was invited to it; a closed survey is closed to all and opens again', async () => {
    const { habitue, get, post, invite } = await opened(run)
    const { body } = await invite('ada')
    expect((await habitue.ask('PUT', '/v1/surveys/cart', definition)).body.version).toBe(1)
    const changed = { ...definition, title: 'Another', pages: definition.pages.slice(2) }
    expect((await habitue.ask('PUT', '/v1/surveys/cart', changed)).body.version).toBe(2)
    expect((await get(body.url)).body).toContain('Your cart')
    expect((await get((await invite('bea')).body.url)).body).toContain('Another')
    expect((await habitue.ask('DELETE', '/v1/surveys/cart')).status).toBe(204)
    expect((await get(body.url)).statusCode).toBe(410)
    expect(
      (
        await post(body.url, [
          ['page', '0'],
          ['why', 'price'],
        ])
      ).statusCode,
    ).toBe(410)
    expect((await invite('cy')).status).toBe(404)
    expect((await habitue.ask('GET', '/v1/surveys/cart/results')).status).toBe(200)
    await habitue.ask('PUT', '/v1/surveys/cart', changed)
    expect((await get(body.url)).statusCode).toBe(200)
  })

  it('what a customer deletes, and a customer who is erased, leave no answer behind; a merged one keeps his', async () => {
    const { habitue, get, post, invite, facts } = await opened(run)
    const { body } = await invite('ada')
    await post(body.url, [
      ['page', '0'],
      ['why', 'price'],
      ['nps', '2'],
    ])
    const survey = (await facts('ada')).find(
      ({ kind, value }) => kind === 'survey' && (value as { score?: number }).score === 2,
    )
    await habitue.ask('DELETE', `/v1/customers/ada/facts/${survey?.id}`)
    const counts = async () => {
      const { questions } = (await habitue.ask('GET', '/v1/surveys/cart/results')).body
      return questions.map(({ answered }: { answered: number }) => answered).slice(0, 3)
    }
    expect(await counts()).toEqual([1, 0, 0])
    expect((await get(`${body.url}?page=0`)).body).not.toContain('value="2" checked')
    const batch = [{ type: 'identify', userId: 'ada', messageId: 'm1', traits: { email: 'ada@mail.example' } }]
    await habitue.ask('POST', '/v1/batch', { batch })
    const exported = JSON.stringify((await habitue.ask('GET', '/v1/customers/ada@mail.example/export?kind=email')).body)
    expect(exported).toContain('survey_answers')
    expect(exported).not.toContain(body.url.split('.').at(-1))
    await habitue.ask('POST', '/v1/customers/ada/erase', {})
    expect(await counts()).toEqual([0, 0, 0])
    expect((await get(body.url)).statusCode).toBe(404)
  })

  it('asks no minor, and nobody whom consent does not reach', async () => {
    const bases = { service: 'consent' }
    const { world, habitue, get, post, invite, told } = await opened(run, { legalBasis: null, consent: { bases } })
    const consent = (customer: string, service: string) => {
      world.advance(1000)
      return habitue.ask('PUT', `/v1/customers/${customer}/consent`, { answers: { service } })
    }
    const refused = await habitue.ask('POST', '/v1/surveys/cart/invitations', { customer: 'nobody' })
    expect(refused.status).toBe(404)
    await consent('ada', 'granted')
    const { body } = await invite('ada')
    await consent('ada', 'denied')
    expect((await get(body.url)).statusCode).toBe(410)
    expect(
      (
        await post(body.url, [
          ['page', '0'],
          ['why', 'price'],
        ])
      ).statusCode,
    ).toBe(410)
    expect((await invite('ada')).body.error.code).toBe('consent_refused')
    await consent('kid', 'granted')
    await habitue.ask('PUT', '/v1/customers/kid/audience', { age: 12 })
    expect((await invite('kid')).body.error).toMatchObject({ code: 'consent_refused', details: { reason: 'minor' } })
    await consent('ada', 'granted')
    expect((await told('ada')).filter(({ name }: { name: string }) => name.startsWith('Survey'))).toEqual([])
  })

  it('tells what is wrong with a definition, and where', async () => {
    const habitue = await run()
    const put = async (doc: unknown, name = 's') => (await habitue.ask('PUT', `/v1/surveys/${name}`, doc)).body.error
    const asking = (question: object, more: object = {}) => ({
      title: 'T',
      pages: [{ questions: [{ id: 'q', text: 'Q', ...question }], ...more }],
    })
    for (const [doc, place] of [
      [{ title: 'T' }, 'the survey'],
      [asking({ kind: 'guess' }), 'pages[0].questions[0].kind'],
      [asking({ kind: 'single' }), 'pages[0].questions[0].choices'],
      [asking({ kind: 'text', if: 'answers.q == 1' }), 'pages[0].questions[0].if'],
      [asking({ kind: 'text' }, { if: 'answers.q ==' }), 'pages[0].if'],
      [asking({ kind: 'scale', min: 5, max: 2 }), 'pages[0].questions[0].max'],
      [asking({ kind: 'yesno', fact: { kind: 'fit', subject: 'x' } }), 'pages[0].questions[0].fact'],
      [
        asking({ kind: 'yesno', fact: { kind: 'attribute', subject: 'x', values: { perhaps: 1 } } }),
        'pages[0].questions[0].fact.values',
      ],
    ] as const) {
      const error = await put(doc)
      expect([error?.code, error?.details.place], JSON.stringify(doc)).toEqual(['invalid_survey', place])
    }
    expect((await put(definition, 'Not%20a%20name')).details.place).toBe('name')
    expect((await habitue.ask('GET', '/v1/surveys/s')).status).toBe(404)
  })

  it('reads a folder of definitions at start, JSON and YAML, and names the file that is wrong', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'habitue-surveys-'))
    try {
      writeFileSync(join(folder, 'cart.json'), JSON.stringify(definition))
      writeFileSync(
        join(folder, 'right.yaml'),
        'title: Put right?\npages:\n  - questions:\n      - { id: ok, kind: yesno, text: Was it put right? }\n',
      )
      const habitue = await run({ surveys: { folder } })
      const { surveys } = (await habitue.ask('GET', '/v1/surveys')).body
      expect(surveys.map(({ name, version }: { name: string; version: number }) => [name, version])).toEqual([
        ['cart', 1],
        ['right', 1],
      ])
      writeFileSync(join(folder, 'wrong.yaml'), 'title: [')
      await expect(run({ surveys: { folder } })).rejects.toThrow(/wrong\.yaml/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
