/** The page of a survey in a real browser, from the tap in a mail to the thanks. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faults } from './accessibility.ts'
import { launchBrowser } from './sdk/browser.ts'
import { openShop, type Shop } from './sdk/shop.ts'

const definition = {
  title: { en: 'How was your order?', de: 'Wie war Ihre Bestellung?' },
  intro: { en: 'Three short pages. Every answer helps us.' },
  pages: [
    {
      questions: [
        {
          id: 'nps',
          kind: 'nps',
          required: true,
          text: { en: 'Would you recommend us to a friend?', de: 'Würden Sie uns weiterempfehlen?' },
          low: { en: 'not at all' },
          high: { en: 'at once' },
        },
        { id: 'stars', kind: 'stars', text: { en: 'How good was the tea?' } },
      ],
    },
    {
      if: 'answers.nps <= 6',
      title: { en: 'What went wrong?' },
      questions: [
        {
          id: 'why',
          kind: 'single',
          other: true,
          required: true,
          text: { en: 'What was it?' },
          choices: [
            { id: 'late', text: { en: 'It came late' } },
            { id: 'broken', text: { en: 'It came broken' } },
          ],
        },
        { id: 'words', kind: 'text', text: { en: 'In your own words' }, hint: { en: 'No card numbers, please.' } },
        { id: 'when', kind: 'date', text: { en: 'When did it arrive?' } },
      ],
    },
    {
      questions: [
        {
          id: 'next',
          kind: 'multiple',
          text: { en: 'What should we have more of?' },
          choices: [
            { id: 'Tea', text: { en: 'Tea' } },
            { id: 'Cups', text: { en: 'Cups' } },
          ],
        },
        { id: 'again', kind: 'yesno', text: { en: 'May we ask you again?' } },
      ],
    },
  ],
}

let shop: Shop
let browser: Browser
beforeAll(async () => {
  shop = await openShop()
  browser = await launchBrowser()
  await shop.ask('PUT', '/v1/surveys/order', { body: definition })
  const batch = [{ type: 'identify', userId: 'ada', messageId: 'm', traits: {} }]
  await shop.ask('POST', '/v1/batch', { body: { batch } })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await shop?.close()
})

/** With scripts, which the checker of accessibility needs; the policy of the page lets none of its own run. */
async function visit(url: string, locale = 'en-GB'): Promise<Page> {
  const context = await browser.newContext({ locale, viewport: { width: 800, height: 900 } })
  const page = await context.newPage()
  page.setDefaultTimeout(8000)
  await page.goto(url)
  return page
}

const invite = async (key: string) =>
  (await shop.ask('POST', '/v1/surveys/order/invitations', { body: { customer: 'ada', key } })).body

describe('the page of a survey', () => {
  it('takes the tapped answer when its button is pressed, shows troubles beside their questions, and thanks', async () => {
    const { taps, url } = await invite('a')
    const page = await visit(taps[3].url)
    expect(await page.getByRole('radio', { name: '3', exact: true }).isChecked()).toBe(true)
    expect(await faults(page)).toEqual([])
    expect((await shop.timeline('ada')).filter(({ name }) => name === 'Survey Answered')).toEqual([])
    await page.getByRole('radio', { name: '4 stars' }).check()
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByRole('heading', { name: 'What went wrong?' }).waitFor()
    await page.getByLabel('In your own words').fill('The lid was "loose" & wet')
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByRole('alert').getByRole('link', { name: 'What was it?' }).click()
    expect(await page.getByLabel('In your own words').inputValue()).toBe('The lid was "loose" & wet')
    expect(await faults(page)).toEqual([])
    await page.getByRole('radio', { name: 'Something else' }).check()
    await page.getByLabel('Something else, namely').fill('Wet lid')
    await page.getByLabel('When did it arrive?').fill('2026-01-31')
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByRole('link', { name: 'Back' }).click()
    expect(await page.getByLabel('Something else, namely').inputValue()).toBe('Wet lid')
    await page.getByRole('button', { name: 'Next' }).click()

    // Somewhere else, later: it goes on where he left.
    const other = await visit(url)
    await other.getByRole('checkbox', { name: 'Cups' }).check()
    await other.getByRole('group', { name: 'May we ask you again?' }).getByLabel('Yes').check()
    expect(await faults(other)).toEqual([])
    await other.getByRole('button', { name: 'Send' }).click()
    await other.getByRole('heading', { name: 'Thank you' }).waitFor()
    expect(await faults(other)).toEqual([])
    const finished = (await shop.timeline('ada')).find(({ name }) => name === 'Survey Finished')
    expect(finished?.body.properties?.answers).toMatchObject({
      nps: 3,
      stars: 4,
      why: 'other',
      why_other: 'Wet lid',
      next: ['Cups'],
    })
    await page.context().close()
    await other.context().close()
  })

  it('passes over pages that earlier answers make needless, and speaks German', async () => {
    const { url } = await invite('b')
    const page = await visit(url, 'de-DE')
    await page.getByRole('heading', { name: 'Wie war Ihre Bestellung?' }).waitFor()
    await page.getByRole('radio', { name: '10' }).check()
    await page.getByRole('button', { name: 'Weiter' }).click()
    await page.getByRole('button', { name: 'Absenden' }).click()
    await page.getByRole('heading', { name: 'Vielen Dank' }).waitFor()
    await page.context().close()
  })
})
