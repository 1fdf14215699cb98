/** What the page of a survey says by itself, in each language of the customer's pages. */
import type { Problem } from '../../engine-api.ts'

export interface SurveyWords {
  readonly next: string
  readonly send: string
  readonly back: string
  readonly required: string
  readonly choose: string
  readonly yes: string
  readonly no: string
  readonly other: string
  readonly whichOther: string
  readonly stars: (count: number) => string
  readonly kept: string
  readonly problems: Readonly<Record<Problem, string>>
  readonly check: string
  readonly thanksTitle: string
  readonly thanks: string
  readonly goneTitle: string
  readonly unknown: string
  readonly expired: string
  readonly closed: string
  readonly refused: string
  readonly card: string
  readonly often: string
  readonly trouble: string
}

const english: SurveyWords = {
  next: 'Next',
  send: 'Send',
  back: 'Back',
  required: 'needed',
  choose: 'You may choose several.',
  yes: 'Yes',
  no: 'No',
  other: 'Something else',
  whichOther: 'Something else, namely',
  stars: (count) => (count === 1 ? '1 star' : `${count} stars`),
  kept: 'Your answers are kept with what we remember about you: there you can see and delete them.',
  problems: {
    required: 'Please answer this question.',
    invalid: 'This answer is not possible here.',
    long: 'At most 2,000 characters, please.',
  },
  check: 'Please look at your answers again',
  thanksTitle: 'Thank you',
  thanks: 'Your answers have arrived. You can close this page.',
  goneTitle: 'This survey is over',
  unknown: 'This link is not one of ours, or no longer. Please open it as it stands in our message.',
  expired: 'The time for this survey is over. Thank you for coming by.',
  closed: 'This survey is closed. Thank you for coming by.',
  refused: 'You do not allow us to keep answers, so nothing was kept.',
  card: 'Something looks like the number of a payment card. Please do not send it; nothing was kept.',
  often: 'That was very often in a short time. Please wait a moment and send it again.',
  trouble: 'This does not work at the moment. Please try again later.',
}

const german: SurveyWords = {
  next: 'Weiter',
  send: 'Absenden',
  back: 'Zurück',
  required: 'nötig',
  choose: 'Mehreres ist möglich.',
  yes: 'Ja',
  no: 'Nein',
  other: 'Etwas anderes',
  whichOther: 'Etwas anderes, und zwar',
  stars: (count) => (count === 1 ? '1 Stern' : `${count} Sterne`),
  kept: 'Ihre Antworten stehen bei dem, was wir uns über Sie merken: Dort können Sie sie ansehen und löschen.',
  problems: {
    required: 'Bitte beantworten Sie diese Frage.',
    invalid: 'Diese Antwort ist hier nicht möglich.',
    long: 'Bitte höchstens 2.000 Zeichen.',
  },
  check: 'Bitte sehen Sie Ihre Antworten noch einmal an',
  thanksTitle: 'Vielen Dank',
  thanks: 'Ihre Antworten sind angekommen. Sie können diese Seite schließen.',
  goneTitle: 'Diese Umfrage ist vorbei',
  unknown:
    'Dieser Link ist keiner von uns, oder nicht mehr. Bitte öffnen Sie ihn so, wie er in unserer Nachricht steht.',
  expired: 'Die Zeit für diese Umfrage ist um. Danke, dass Sie vorbeigekommen sind.',
  closed: 'Diese Umfrage ist geschlossen. Danke, dass Sie vorbeigekommen sind.',
  refused: 'Sie erlauben uns nicht, Antworten zu behalten; es wurde nichts behalten.',
  card: 'Etwas sieht aus wie die Nummer einer Zahlungskarte. Bitte senden Sie sie nicht; es wurde nichts behalten.',
  often: 'Das war sehr oft in kurzer Zeit. Bitte warten Sie einen Moment und senden Sie noch einmal.',
  trouble: 'Das geht gerade nicht. Bitte versuchen Sie es später noch einmal.',
}

/** By the code of the language; one for each of `languages`. */
export const surveyWords: Readonly<Record<string, SurveyWords>> = { en: english, de: german }
