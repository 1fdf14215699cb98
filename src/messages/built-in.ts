/** Mails that Habitue itself has to send. A stored template of the same name takes the place of one. */
import type { Template } from './template.ts'
import type { StoredTemplate } from './template-store.ts'

export const builtInNames = {
  code: 'page-code',
  optIn: 'double-opt-in',
  reply: 'reply-forwarded',
  alarm: 'alarm',
} as const

const templates: Readonly<Record<string, Template>> = {
  'reply-forwarded': {
    channel: 'email',
    subject: 'Reply: {{ subject }}',
    text: `{{ customer.firstName }} {{ customer.lastName }} ({{ replyTo }}) answers "{{ about }}":

{{ text }}

{% if page != "" %}Everything about this customer: {{ page }}
{% endif %}Answering this mail answers the customer.`,
  },
  'page-code': {
    channel: 'email',
    subject: 'Your code',
    text: `{{ greeting }},

{{ code }} is the code for your page. It is good for {{ minutes }} minutes.

Did you not ask for it? Then nothing needs to be done: without the code nobody gets in.

{{ sender.signature }}`,
  },
  'page-code.de': {
    channel: 'email',
    subject: 'Ihr Code',
    text: `{{ greeting }},

{{ code }} ist der Code für Ihre Seite. Er gilt {{ minutes }} Minuten.

Haben Sie ihn nicht angefordert? Dann ist nichts zu tun: Ohne den Code kommt niemand hinein.

{{ sender.signature }}`,
  },
  'double-opt-in': {
    channel: 'email',
    subject: 'Please confirm: messages from {{ shop.name }}',
    text: `{{ greeting }},

somebody, and we hope you, asked us to write to this address with news and offers. Please confirm it here:

{{ links.confirm }}

If it was not you, do nothing: then you get no more of these.

{{ sender.signature }}
{{ shop.legalName }}, {{ shop.postalAddress }}`,
  },
  'double-opt-in.de': {
    channel: 'email',
    subject: 'Bitte bestätigen: Nachrichten von {{ shop.name }}',
    text: `{{ greeting }},

jemand, hoffentlich Sie, hat uns gebeten, an diese Adresse Neuigkeiten und Angebote zu schicken. Bitte bestätigen Sie es hier:

{{ links.confirm }}

Waren Sie es nicht? Dann ist nichts zu tun, und Sie hören nichts weiter.

{{ sender.signature }}
{{ shop.legalName }}, {{ shop.postalAddress }}`,
  },
}

/** Version 0: they come with the program. */
export const builtInTemplates: readonly StoredTemplate[] = Object.entries(templates).map(([name, template]) => ({
  name,
  version: 0,
  template,
  created: 0,
}))
