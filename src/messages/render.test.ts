import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { zoneOf } from '../calendar/zone.ts'
import { toldWhereabouts } from '../memory/whereabouts.ts'
import { withLinks } from './links.ts'
import { atWorkFrom, present } from './owners.ts'
import { plainText } from './plain-text.ts'
import { createRenderer } from './render.ts'
import { personName, salutation } from './salutation.ts'
import { parseTemplate, type Template, templateOfFile } from './template.ts'

const stored = (name: string, template: Template, version = 1) => ({ name, version, template, created: 0 })
const mail = (html: string, text?: string): Template => ({
  channel: 'email',
  subject: 's',
  html,
  ...(text ? { text } : {}),
})

function rendered(html: string, view: Record<string, unknown> = {}, partials: Record<string, Template> = {}) {
  const template = stored('t', mail(html))
  const all = [template, ...Object.entries(partials).map(([name, one]) => stored(name, one))]
  return createRenderer(all).render(template, 'en', view)
}

describe('a template', () => {
  it('escapes what is put into HTML, and not into plain text', () => {
    const html = rendered('<p>{{ name }}</p>', { name: '<b>"A" & B</b>' })
    expect(html.html).toBe('<p>&lt;b&gt;&#34;A&#34; &amp; B&lt;/b&gt;</p>')
    expect(html.text).toBe('<b>"A" & B</b>')
  })

  it('reaches nothing but the data it was given', () => {
    const view = { customer: { name: 'Ada' }, list: [1] }
    for (const path of [
      'constructor',
      '__proto__',
      'customer.constructor.name',
      'customer.toString',
      'list.constructor',
      'process',
      'require',
      'globalThis',
    ])
      expect([path, rendered(`[{{ ${path} }}]`, view).html]).toEqual([path, '[]'])
  })

  it('reads no file, whatever it asks for', () => {
    for (const tag of ['{% include "/etc/passwd" %}', '{% render "../package.json" %}', '{% layout "package.json" %}x'])
      expect(() => rendered(tag)).toThrow(/template_failed|ENOENT|t, version 1/)
  })

  it('is stopped where it takes too much', () => {
    expect(() =>
      rendered('{% for a in (1..100000) %}{% for b in (1..100000) %}xxxxxxxx{% endfor %}{% endfor %}'),
    ).toThrow(/limit|longer/)
    expect(() =>
      rendered('{% assign a = "xxxxxxxxxx" %}{% for i in (1..40) %}{% assign a = a | append: a %}{% endfor %}'),
    ).toThrow(/limit/)
  })

  it('uses partials, and its language’s own version', () => {
    const foot: Template = { channel: 'partial', html: '<hr>{{ who }}' }
    expect(rendered('a{% render "foot", who: name %}', { name: '<i>' }, { foot }).html).toBe('a<hr>&lt;i&gt;')
    const renderer = createRenderer([stored('w', mail('en')), stored('w.de', mail('de')), stored('p', foot)])
    expect([renderer.find('w', 'de')?.name, renderer.find('w', 'fr')?.name, renderer.find('p', 'en')]).toEqual([
      'w.de',
      'w',
      null,
    ])
  })

  it('has a subject of one line, and errors that say where', () => {
    const template = stored('t', { ...mail('x'), subject: 'a {{ x }}' })
    const { subject } = createRenderer([template]).render(template, 'en', { x: 'b\r\nBcc: evil@x.example' })
    expect(subject).toBe('a b Bcc: evil@x.example')
    expect(() => createRenderer([]).check('t', mail('ok\n{% if %}'))).toThrow(/html: .*line:2/)
    expect(() => parseTemplate('T!', mail('x'))).toThrow(/small letters/)
    expect(() => parseTemplate('t', { channel: 'email', html: 'x' })).toThrow(/subject/)
    expect(templateOfFile('t', '---\nsubject: Hi\nitems:\n  count: 2\n---\n<p>x</p>', null)).toMatchObject({
      subject: 'Hi',
      items: { count: 2 },
      html: '<p>x</p>',
    })
  })
})

describe('links', () => {
  const to = (index: number) => `https://go.example/${index}`
  it('lead over this server, each address once; those of our own, mail and telephone stay', () => {
    const html =
      '<a href="https://a.example/?x=1&amp;y=2">1</a><a class=x href=\'https://a.example/?x=1&amp;y=2\'>2</a><a href="mailto:a@b.example">3</a><a href="https://own.example/u/1">4</a>'
    const linked = withLinks({ html, text: 'See https://b.example/x, or https://own.example/u/1.' }, to, [
      'https://own.example',
    ])
    expect(linked.links).toEqual(['https://a.example/?x=1&y=2', 'https://b.example/x'])
    expect(linked.html).toBe(
      '<a href="https://go.example/0">1</a><a class=x href="https://go.example/0">2</a><a href="mailto:a@b.example">3</a><a href="https://own.example/u/1">4</a>',
    )
    expect(linked.text).toBe('See https://go.example/1, or https://own.example/u/1.')
  })

  it('no scheme but the web’s, mail’s and the telephone’s gets through', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('javascript:', 'data:text/html,', 'vbscript:', 'file:///', ' JavaScript:', '//evil.example/'),
        fc.string({ maxLength: 30 }),
        (scheme, rest) => {
          const address = `${scheme}${rest.replace(/["'<>]/g, '')}`
          expect(withLinks({ html: `<a href="${address}">x</a>`, text: '' }, to, []).html).toBe('<a href="#">x</a>')
        },
      ),
      { seed: 3, numRuns: 200 },
    )
  })

  it('plain text never breaks, and keeps no tag', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (html) => {
        expect(plainText(html)).not.toMatch(/<(p|div|br|script)\b[^>]*>/i)
      }),
      { seed: 4, numRuns: 300 },
    )
    expect(
      plainText(
        '<style>p{}</style><h1>Hi</h1><p>One<br>two</p><ul><li>a</li><li>b</li></ul><img src="x" alt="A cup"> &euro; &#8364;',
      ),
    ).toBe('Hi\n\nOne\ntwo\n\n- a\n\n- b\n\nA cup € €')
  })
})

describe('salutation', () => {
  const greet = (traits: Record<string, unknown>, language = 'en') => salutation(personName(traits), language)
  it('by name and language, and never a hole', () => {
    expect(greet({ firstName: 'ada' })).toBe('Hello Ada')
    expect(greet({ name: 'Ada Ray', title: 'Ms' })).toBe('Dear Ms Ray')
    expect(greet({ firstName: 'Jürgen', lastName: 'MÜLLER', title: 'Herr' }, 'de')).toBe('Guten Tag Herr Müller')
    expect(greet({ firstName: 'Ada' }, 'xx')).toBe('Hello Ada')
    for (const name of [
      'null',
      'undefined',
      'N/A',
      '',
      ' ',
      '-',
      '42',
      'a@b.example',
      'Win http://x.example',
      '{{ name }}',
      '<b>x</b>',
      'Guest',
      'x'.repeat(90),
    ])
      expect([name, greet({ firstName: name })]).toEqual([name, 'Hello'])
  })

  it('no value of a trait ever stands there as null, undefined or an object', () => {
    fc.assert(
      fc.property(
        fc.record({ firstName: fc.anything(), lastName: fc.anything(), name: fc.anything(), title: fc.anything() }),
        (traits) => {
          expect(greet(traits)).not.toMatch(/null|undefined|object|nan|[<>{}@]/i)
        },
      ),
      { seed: 6, numRuns: 300 },
    )
  })
})

describe('hours', () => {
  it('are those where the customer is', () => {
    const zone = (traits: Record<string, unknown>) => zoneOf(toldWhereabouts(traits), 'Europe/Dublin')
    expect(zone({ timezone: 'Mars/Phobos' })).toBe('Europe/Dublin')
    expect(zone({ timezone: 'Asia/Tokyo', country: 'DE' })).toBe('Asia/Tokyo')
    expect(zone({ address: { country: 'Germany' } })).toBe('Europe/Berlin')
  })

  it('a person is at work on his days; two who speak for each other and are both away are nobody', () => {
    const hours = { zone: 'UTC', days: [1, 2, 3, 4, 5], from: 9, to: 17 }
    expect(atWorkFrom({ hours }, Date.UTC(2026, 2, 6, 18))).toBe(Date.UTC(2026, 2, 9, 9))
    expect(atWorkFrom({ hours }, Date.UTC(2026, 2, 6, 10))).toBeNull()
    const absent = [{ from: '2026-01-01T00:00:00Z', until: '2027-01-01T00:00:00Z' }]
    const profiles = new Map([
      ['a', { absent, deputy: 'b' }],
      ['b', { absent, deputy: 'a' }],
    ])
    expect(present('a', profiles, new Set(['a', 'b']), Date.UTC(2026, 5, 1))).toBeNull()
    expect(present('a', profiles, new Set(['a', 'b']), Date.UTC(2027, 5, 1))).toBe('a')
  })
})
