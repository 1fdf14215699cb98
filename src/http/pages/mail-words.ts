/** What the pages behind links of mails say. */
export interface MailWords {
  readonly leaveTitle: string
  readonly leave: (shop: string) => string
  readonly leaveChannel: (channel: string) => string
  readonly leaveAll: string
  readonly left: string
  readonly leftAll: string
  readonly confirmTitle: string
  readonly confirm: (shop: string, address: string) => string
  readonly confirmButton: string
  readonly confirmed: string
  readonly goneTitle: string
  readonly gone: string
}

const english: MailWords = {
  leaveTitle: 'Messages to you',
  leave: (shop) =>
    `${shop} writes to you with news and offers. What you buy, and what you ask about, you still hear of.`,
  leaveChannel: (channel) => (channel === 'email' ? 'No more of these by e-mail' : 'No more of these here'),
  leaveAll: 'No advertising at all',
  left: 'You get no more of these messages.',
  leftAll: 'You get no advertising any more.',
  confirmTitle: 'Is this you?',
  confirm: (shop, address) =>
    `${shop} would like to send news and offers to ${address}. You can end it in every mail, by one click.`,
  confirmButton: 'Yes, send me news and offers',
  confirmed: 'Thank you: it is confirmed.',
  goneTitle: 'This link does not work',
  gone: 'It is incomplete, or what it was about is over.',
}

const german: MailWords = {
  leaveTitle: 'Nachrichten an Sie',
  leave: (shop) =>
    `${shop} schreibt Ihnen mit Neuigkeiten und Angeboten. Was Sie kaufen und wonach Sie fragen, erfahren Sie weiterhin.`,
  leaveChannel: (channel) => (channel === 'email' ? 'Nichts mehr davon per E-Mail' : 'Nichts mehr davon hier'),
  leaveAll: 'Gar keine Werbung mehr',
  left: 'Sie bekommen keine solchen Nachrichten mehr.',
  leftAll: 'Sie bekommen keine Werbung mehr.',
  confirmTitle: 'Sind Sie das?',
  confirm: (shop, address) =>
    `${shop} möchte Neuigkeiten und Angebote an ${address} schicken. In jeder Nachricht können Sie das mit einem Klick beenden.`,
  confirmButton: 'Ja, schicken Sie mir Neuigkeiten und Angebote',
  confirmed: 'Danke, es ist bestätigt.',
  goneTitle: 'Dieser Link geht nicht',
  gone: 'Er ist unvollständig, oder worum es ging, ist vorbei.',
}

export const mailWords: Readonly<Record<string, MailWords>> = { en: english, de: german }
