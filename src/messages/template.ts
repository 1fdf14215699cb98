/**
 * A template as it is stored: what each channel shows, in Liquid (render.ts). Names of further languages end in the
 * language: a customer who reads German gets `welcome.de` where there is one, else `welcome`.
 */
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { parse as parseYaml } from 'yaml'
import { HabitueError } from '../errors.ts'

const liquid = (description: string) => Type.Optional(Type.String({ maxLength: 200_000, description }))

/** Products that are chosen, or looked at again, at the moment of sending. */
const OfferedItems = Type.Object(
  {
    placement: Type.Optional(
      Type.String({ maxLength: 50, description: 'A placement of decisions; absent = only what `data.items` names.' }),
    ),
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: 'At most; 4 by default.' })),
    least: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 50, description: 'With fewer nothing is sent; 1 by default.' }),
    ),
  },
  { additionalProperties: false },
)

export const Template = Type.Object(
  {
    channel: Type.Enum(['email', 'on-site', 'webhook', 'partial'], {
      description: 'What it is for; a partial is used by others: {% render "name" %}.',
    }),
    subject: liquid('Of mail.'),
    html: liquid('Of mail, or of a partial; everything that is put in is escaped.'),
    text: liquid('Of mail; made from the HTML where absent. Of a partial: what stands in plain text.'),
    title: liquid('On site.'),
    body: liquid('On site.'),
    image: liquid('On site: address of a picture.'),
    alt: liquid('On site: what the picture shows.'),
    url: liquid('On site: where it leads. Webhook: to where it is posted.'),
    payload: liquid('Webhook: JSON; absent = all that templates see of the message.'),
    items: Type.Optional(OfferedItems),
  },
  { additionalProperties: false },
)
export type Template = Type.Static<typeof Template>

const check = Compile(Template)
const namePattern = /^[a-z0-9][a-z0-9_-]{0,79}(\.[a-z]{2})?$/

/** @throws HabitueError invalid_template */
export function parseTemplate(name: string, given: unknown): Template {
  if (!namePattern.test(name))
    throw invalid(
      name,
      'name',
      'small letters, digits, - and _, and a language at the end where it has one: welcome.de',
    )
  if (!check.Check(given)) {
    const [error] = check.Errors(given)
    throw invalid(name, error?.instancePath.slice(1) || 'template', error?.message ?? 'an object')
  }
  const missing = missingField(given)
  if (missing) throw invalid(name, missing, `to be given, for the channel is ${given.channel}`)
  return given
}

function missingField({ channel, subject, html, text, title, url }: Template): string | null {
  if (channel === 'email') return !subject ? 'subject' : !html && !text ? 'html' : null
  if (channel === 'on-site') return title ? null : 'title'
  if (channel === 'webhook') return url ? null : 'url'
  return html || text ? null : 'html'
}

export function invalid(name: string, field: string, expected: string): HabitueError {
  const message = `The template ${JSON.stringify(name)}: ${field}: expected ${expected}.`
  return new HabitueError('invalid_template', message, { template: name, field })
}

/**
 * A template from a file `name.html`: YAML between two lines of `---`, then the HTML; its plain text, where there is a
 * `name.txt`. @throws HabitueError invalid_template
 */
export function templateOfFile(name: string, content: string, text: string | null): Template {
  const [, head = '', body = content] = /^---\r?\n([\s\S]*?)\r?\n---\r?\n([\s\S]*)$/.exec(content) ?? []
  let fields: unknown
  try {
    fields = parseYaml(head) ?? {}
  } catch (cause) {
    throw invalid(name, 'its head', `YAML: ${(cause as Error).message.split('\n')[0]}`)
  }
  if (fields === null || typeof fields !== 'object' || Array.isArray(fields)) throw invalid(name, 'its head', 'fields')
  const given = { channel: 'email', ...fields } as Record<string, unknown>
  const into = given.channel === 'on-site' ? 'body' : given.channel === 'webhook' ? 'payload' : 'html'
  if (body.trim() !== '') given[into] = body
  if (text !== null) given.text = text
  return parseTemplate(name, given)
}
