/** Mails that Habitue itself has to send. A stored template of the same name takes the place of one. */
import type { Template } from './template.ts'
import type { StoredTemplate } from './template-store.ts'

export const builtInNames = {
  code: 'page-code',
  optIn: 'double-opt-in',
  reply: 'reply-forwarded',
  pageLink: 'page-link',
  survey: 'survey',
  task: 'task-opened',
  taskDue: 'task-due',
} as const

/** The answers to the first question, each a link; nothing is sent by opening one. */
function surveyHtml(lead: string, all: string, hint: string): string {
  const taps = '{% for tap in survey.taps %}<li><a href="{{ tap.url }}">{{ tap.text }}</a></li>{% endfor %}'
  return `<p>{{ greeting }},</p><p>${lead}</p><p><strong>{{ survey.question }}</strong></p>{% if survey.taps.size > 0 %}<ul>${taps}</ul><p>${hint}</p>{% endif %}<p><a href="{{ survey.url }}">${all}</a></p><p>{{ sender.signature }}</p>`
}

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
  'task-due': {
    channel: 'email',
    subject: 'Due now: {{ task.reason }}',
    text: `{{ customer.firstName }} {{ customer.lastName }}: {{ task.reason }}, {{ task.due }}
{% if task.note != "" %}
{{ task.note }}
{% endif %}{% if page != "" %}
The whole story: {{ page }}
{% endif %}`,
  },
  'task-opened': {
    channel: 'email',
    subject: 'Task: {{ task.reason }}',
    text: `{{ customer.firstName }} {{ customer.lastName }}: {{ task.reason }}
{% if task.note != "" %}
{{ task.note }}
{% endif %}{% if task.due != "" %}
Due: {{ task.due }}
{% endif %}{% if page != "" %}
The whole story: {{ page }}
{% endif %}`,
  },
  'page-link': {
    channel: 'email',
    subject: 'What we remember about you',
    text: `{{ greeting }},

here you can see what we remember about you, correct it and delete it:

{{ links.page }}

The link is yours alone. Please do not pass it on.

{{ sender.signature }}`,
  },
  'page-link.de': {
    channel: 'email',
    subject: 'Was wir uns über Sie merken',
    text: `{{ greeting }},

hier können Sie ansehen, berichtigen und löschen, was wir uns über Sie merken:

{{ links.page }}

Der Link ist nur für Sie. Bitte geben Sie ihn nicht weiter.

{{ sender.signature }}`,
  },
  survey: {
    channel: 'email',
    subject: '{{ survey.title }}',
    html: surveyHtml('May we ask you something?', 'To the questions', 'One tap chooses the answer; the page sends it.'),
  },
  'survey.de': {
    channel: 'email',
    subject: '{{ survey.title }}',
    html: surveyHtml(
      'Dürfen wir Sie etwas fragen?',
      'Zu den Fragen',
      'Ein Tipp wählt die Antwort; die Seite sendet sie ab.',
    ),
  },
}

/** Version 0: they come with the program. */
export const builtInTemplates: readonly StoredTemplate[] = Object.entries(templates).map(([name, template]) => ({
  name,
  version: 0,
  template,
  created: 0,
}))
