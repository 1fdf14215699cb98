/**
 * Templates become texts. Liquid without a file system, over plain data, within limits of time and memory; what is put
 * into HTML is escaped. Nothing here knows customers: `view.ts` says what a template may see.
 */
import { Liquid, type Template as Parsed } from 'liquidjs'
import { HabitueError } from '../errors.ts'
import { decoded, plainText } from './plain-text.ts'
import type { Template } from './template.ts'
import type { StoredTemplate } from './template-store.ts'

/** What a message says. Of a channel that has no such part it is ''. */
export interface Rendered {
  readonly template: string
  readonly version: number
  readonly language: string
  readonly subject: string
  readonly html: string
  readonly text: string
  readonly onSite: {
    readonly title: string
    readonly body: string
    readonly image: string
    readonly alt: string
  } | null
  /** Where an on-site message leads, and to where a webhook is posted. */
  readonly url: string
  /** JSON. */
  readonly payload: string
}

/** What a template sees: plain data, `greeting`, `customer`, `shop`, `sender`, `items`, `links`, and what the caller gave. */
export type View = Readonly<Record<string, unknown>>

export interface Renderer {
  /** The template of this name for this language; null where there is none. */
  find(name: string, language: string): StoredTemplate | null
  /** @throws HabitueError template_failed */
  render(stored: StoredTemplate, language: string, view: View): Rendered
  /** Tries what would be stored, with the partials that are stored. @throws HabitueError invalid_template */
  check(name: string, template: Template): void
}

const limits = {
  parseLimit: 400_000,
  /** Milliseconds. */
  renderLimit: 2_000,
  memoryLimit: 5_000_000,
}
const longestSubject = 200
const longestText = 1_000_000

export function createRenderer(all: readonly StoredTemplate[]): Renderer {
  const byName = new Map(all.map((stored) => [stored.name, stored]))
  const partials = (pick: (template: Template) => string) =>
    Object.fromEntries(all.filter(isPartial).map(({ name, template }) => [name, pick(template)]))
  const html = liquid(
    partials(({ html = '', text = '' }) => html || text),
    true,
  )
  const text = liquid(
    partials(({ html = '', text = '' }) => text || plainText(html)),
    false,
  )
  const parsed = new Map<string, Parsed[]>()

  const put = (engine: Liquid, source: string, view: View): string => {
    const key = `${engine === html ? 'h' : 't'}${source}`
    let parts = parsed.get(key)
    if (!parts) {
      parts = engine.parse(source)
      parsed.set(key, parts)
    }
    const result = engine.renderSync(parts, view as object) as string
    if (result.length > longestText) throw new Error(`it is longer than ${longestText} characters`)
    return result
  }
  return {
    find(name, language) {
      const own = byName.get(`${name}.${language}`) ?? byName.get(name)
      return own && !isPartial(own) ? own : null
    },
    render(stored, language, view) {
      const { template, name, version } = stored
      // Plain data, whatever it was made of: no method and no prototype of ours is within reach.
      const seen = JSON.parse(JSON.stringify(view)) as View
      const part = (engine: Liquid, field: keyof Template): string => {
        const source = template[field]
        if (typeof source !== 'string') return ''
        try {
          return put(engine, source, seen)
        } catch (cause) {
          const message = `The template ${name}, version ${version}: ${field}: ${sentenceOf(cause)}`
          throw new HabitueError('template_failed', message, { template: name, version, field }, { cause })
        }
      }
      const body = part(html, 'html')
      const words = template.text === undefined ? plainText(body) : part(text, 'text')
      const onSite =
        template.channel === 'on-site'
          ? {
              title: line(part(text, 'title')),
              body: part(text, 'body'),
              image: part(text, 'image'),
              alt: part(text, 'alt'),
            }
          : null
      return {
        template: name,
        version,
        language,
        subject: line(part(text, 'subject')),
        html: body,
        text: words,
        onSite,
        url: part(text, 'url').trim(),
        payload: template.payload === undefined ? JSON.stringify(seen) : part(text, 'payload'),
      }
    },
    check(name, template) {
      for (const [field, source] of Object.entries(template)) {
        if (typeof source !== 'string' || field === 'channel') continue
        try {
          const isHtml = field === 'html'
          ;(isHtml ? html : text).parse(source)
        } catch (cause) {
          const message = `The template ${JSON.stringify(name)}: ${field}: ${sentenceOf(cause)}`
          throw new HabitueError('invalid_template', message, { template: name, field, ...placeOf(cause) }, { cause })
        }
      }
    },
  }
}

const isPartial = ({ template }: StoredTemplate): boolean => template.channel === 'partial'

function liquid(templates: Record<string, string>, isHtml: boolean): Liquid {
  const engine = new Liquid({
    templates,
    ownPropertyOnly: true,
    strictFilters: true,
    outputEscape: isHtml ? 'escape' : undefined,
    locale: 'en',
    timezoneOffset: 'UTC',
    ...limits,
  })
  return engine
}

/** One line: a subject with a line break in it would be a header of its own. */
function line(text: string): string {
  return decoded(text.replace(/\s+/g, ' ').trim())
    .replace(/[\r\n]/g, ' ')
    .slice(0, longestSubject)
}

function sentenceOf(cause: unknown): string {
  return (cause as Error).message.split('\n')[0]
}

function placeOf(cause: unknown): { line?: number; column?: number } {
  const found = /line:(\d+), col:(\d+)/.exec((cause as Error).message)
  return found ? { line: Number(found[1]), column: Number(found[2]) } : {}
}
