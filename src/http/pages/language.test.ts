import { describe, expect, it } from 'vitest'
import { factKindNames } from '../../engine-api.ts'
import { personalData } from '../../handlers.ts'
import { exportHtml } from '../export-document.ts'
import { correctedValue, correctionFields } from './correction.ts'
import type { Said } from './facts-english.ts'
import { languageOf, languages } from './language.ts'
import { masked } from './view.ts'

describe('the language of the page', () => {
  it.each([
    [undefined, undefined, 'en'],
    [undefined, 'de-DE,de;q=0.9,en;q=0.8', 'de'],
    [undefined, 'fr-FR,fr;q=0.9,de;q=0.3,en;q=0.2', 'de'],
    [undefined, 'de;q=0,en', 'en'],
    [undefined, 'EN-us,DE', 'en'],
    [undefined, 'ja,*;q=0.5', 'en'],
    [undefined, ';;;q=,,de;q=x', 'en'],
    ['de', 'en', 'de'],
    ['fr', 'de', 'de'],
    ['constructor', 'toString', 'en'],
  ])('is asked for by the address (%s), then by the browser (%s)', (wanted, accepted, expected) => {
    expect(languageOf(wanted, accepted).words.language).toBe(expected)
  })
})

const values: Readonly<Record<string, unknown>> = {
  preference: 'never',
  interest: 'viewed',
  usual: 'espresso',
  fit: 'small',
  return: { reason: 'size', text: 'too tight' },
  household: { adults: 2, children: 1 },
  recipient: { relation: 'daughter' },
  address: { street: 'Elm Lane 5', city: 'Springfield' },
  gift: { items: ['espresso'], occasion: 'birthday' },
  occasion: { date: '05-12' },
  payment: { token: 'tok_secret', label: 'Visa' },
  complaint: { state: 'open', text: 'It broke' },
  contact: { channel: 'phone', subject: 'Delivery' },
  email: { response: 'opened', subject: 'News' },
  survey: { answer: 'good', score: 4 },
  note: { text: 'Likes a chat', author: 'Ann' },
  question: { state: 'declined' },
  attribute: ['a', 'b'],
  language: 'de',
  rhythm: 'about every 14 days',
}
/** With what may be absent left out. */
const bare: Readonly<Record<string, unknown>> = {
  return: { reason: 'size' },
  recipient: {},
  gift: {},
  payment: { token: 'tok_secret' },
  complaint: { state: 'resolved' },
  contact: {},
  email: { response: 'opened' },
  survey: { score: 4 },
  note: { text: 'x' },
  question: { state: 'asked' },
}
const said = (kind: Said['kind'], value: unknown, recipient = ''): Said => ({
  kind,
  value,
  recipient,
  subject: 'x',
  evidence: [],
})

describe.each(Object.entries(languages))('what is remembered, in %s', (_name, { facts, words }) => {
  it.each(factKindNames)('%s is a sentence', (kind) => {
    const full = values[kind] ?? 'some words'
    for (const value of kind in bare ? [full, bare[kind]] : [full])
      for (const recipient of ['', 'Zoe']) {
        const text = facts.sentence(said(kind, value, recipient), 'tea', (item) => `the ${item}`)
        expect(text).toMatch(/\w/)
        expect(text).not.toMatch(/undefined|null|tok_secret|\[object/)
      }
  })

  it('has a word for every part of a condition, for every channel and reason', () => {
    const condition = {
      temperature: { min: 2, max: 8 },
      timeOfDay: ['morning'],
      weather: ['rain'],
      weekday: ['sunday'],
      season: ['winter'],
      occasion: ['party'],
      device: ['mobile'],
      place: ['home'],
      recipient: ['zoe'],
    }
    expect(facts.condition(condition).split(', ')).toHaveLength(9)
    expect(facts.condition({ timeOfDay: { from: '22:00', until: '06:00' } })).toContain('22:00')
    expect(facts.condition({ temperature: { max: 8 } })).not.toMatch(/undefined/)
    for (const [act] of Object.entries(words.done)) expect(words.done[act].length).toBeGreaterThan(0)
  })
})

describe('a correction', () => {
  const from = (kind: Said['kind'], value: unknown, given: Record<string, string>) =>
    correctedValue({ kind, value }, new URLSearchParams(given))

  it('comes back in the form that the old value had', () => {
    expect(from('size', 'M', { value: ' L ' })).toBe('L')
    expect(from('attribute', 3, { value: '4' })).toBe(4)
    expect(from('attribute', true, { value: 'no' })).toBe(false)
    expect(from('attribute', ['a'], { value: 'a, b,,' })).toEqual(['a', 'b'])
    expect(from('address', { city: 'Here' }, { city: 'There', note: '', token: 'x' })).toEqual({ city: 'There' })
    expect(from('occasion', { date: '05-12' }, { date: '05-13' })).toEqual({ date: '05-13' })
    expect(from('size', 'M', { value: '  ' })).toBe(null)
  })

  it('is not offered for what comes about by what happens', () => {
    for (const kind of ['interest', 'question', 'payment', 'note', 'complaint'] as const)
      expect(correctionFields({ kind, value: 'x' })).toBe(null)
  })
})

it('masks addresses so that their owner knows them and nobody else does', () => {
  expect(masked('ada@mail.example')).toBe('a•••@mail.example')
  expect(masked('+49301234567')).toBe('+•••67')
  expect(masked('12345')).toBe('1•••')
})

it('every kind of reason has words in every language', () => {
  for (const { words } of Object.values(languages)) expect(Object.keys(words.reason)).toEqual(Object.keys(reasons))
})

const { reason: reasons } = languages.en.words

describe.each(Object.entries(languages))('the download of everything, in %s', (name, language) => {
  /** Each table with one row, whose values are its fields. */
  async function* rowsOf({ shown, columns }: (typeof personalData)[number]) {
    const fields = [...shown, ...(columns.items?.length ? ['title'] : [])]
    yield Object.fromEntries(fields.map((field) => [field, field === 'context' ? { device_id: 'd1' } : '7']))
  }
  const page = async () => {
    const sections = personalData.map((holder) => ({ name: holder.table, title: holder.title, rows: rowsOf(holder) }))
    let html = ''
    for await (const part of exportHtml({ exported: 0, names: [{ kind: 'user', value: '42' }], sections }, language))
      html += part
    return html
  }

  it('has words for every table and every field', async () => {
    const html = await page()
    expect(html).toContain(`<html lang="${name}">`)
    expect(html).toContain(`<li>${language.words.identifiers.user}: 42</li>`)
    expect(html).toContain('<dt>device id</dt><dd>d1</dd>')
    const { exported } = language
    if (name === 'en') return expect(html).toContain('<h2>Your orders</h2>')
    for (const { table, title, shown } of personalData) {
      expect([table, exported.sections[table]]).toEqual([table, expect.stringMatching(/\w/)])
      expect(html).not.toContain(`<h2>${title}</h2>`)
      for (const field of shown) expect([field, exported.fields[field]]).toEqual([field, expect.stringMatching(/\w/)])
    }
  })
})
