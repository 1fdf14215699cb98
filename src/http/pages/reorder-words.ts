/** What the page on which something is ordered again says, in each language of the customer's pages. */
export interface ReorderWords {
  readonly title: (occasion: string, recipient: string) => string
  /** `given` = a day, or ''. */
  readonly lead: (given: string) => string
  readonly today: string
  readonly each: string
  readonly times: (quantity: number) => string
  readonly priceUnknown: string
  readonly inStock: string
  readonly soldOut: (title: string) => string
  readonly nothing: (title: string) => string
  readonly leaveOut: string
  readonly inTime: (day: string, earliest: string) => string
  readonly late: (day: string, earliest: string) => string
  readonly unknownDays: string
  readonly goesTo: string
  readonly paidWith: string
  readonly storedPayment: string
  readonly asksPayment: string
  readonly masked: string
  readonly total: string
  readonly costs: string
  readonly order: string
  readonly orderNote: (shop: string) => string
  readonly noAddress: string
  readonly nothingLeft: string
  readonly changed: string
  readonly orderedTitle: string
  readonly ordered: string
  readonly goneTitle: string
  readonly unknown: string
  readonly expired: string
  readonly closed: string
  readonly refused: string
  readonly often: string
  readonly trouble: string
}

const english: ReorderWords = {
  title: (occasion, recipient) => `${occasion}: for ${recipient}, as last time?`,
  lead: (given) => (given === '' ? 'You gave this last time.' : `You gave this on ${given}.`),
  today: 'Today',
  each: 'each',
  times: (quantity) => `${quantity} ×`,
  priceUnknown: 'The shop tells you the price.',
  inStock: 'in stock',
  soldOut: (title) => `${title} cannot be had at the moment. This comes close:`,
  nothing: (title) => `${title} cannot be had at the moment, nor anything like it.`,
  leaveOut: 'Leave this out',
  inTime: (day, earliest) => `Arrives in time for ${day} (it can be there from ${earliest}).`,
  late: (day, earliest) => `Too late for ${day}: it can be there on ${earliest} at the earliest.`,
  unknownDays: 'How long the delivery takes is not known here.',
  goesTo: 'Goes to',
  paidWith: 'Paid with',
  storedPayment: 'the means of payment that you used last',
  asksPayment: 'The shop will ask you.',
  masked: 'Shortened, so that nobody else can read it here.',
  total: 'Total',
  costs: 'Delivery costs are those of the shop.',
  order: 'Order and pay',
  orderNote: (shop) =>
    `${shop === '' ? 'The shop' : shop} takes the order, charges it, and confirms it to you. Nothing is ordered before you press the button.`,
  noAddress: 'We no longer know where it should go. Please order it in the shop.',
  nothingLeft: 'Nothing of it can be had at the moment. Please look in the shop.',
  changed: 'Something has changed since you opened this page. Please look again: nothing was ordered.',
  orderedTitle: 'Thank you, it is ordered',
  ordered: 'Your order is with the shop, which confirms it to you. You can close this page.',
  goneTitle: 'This offer is over',
  unknown: 'This link is not one of ours, or no longer. Please open it as it stands in our message.',
  expired: 'The day that this was for has passed. Thank you for coming by.',
  closed: 'There is nothing to show here any more. Thank you for coming by.',
  refused: 'You do not allow us to keep orders, so nothing was ordered. Please order it in the shop.',
  often: 'That was very often in a short time. Please wait a moment and try again.',
  trouble: 'This does not work at the moment, and nothing was ordered. Please try again later.',
}

const german: ReorderWords = {
  title: (occasion, recipient) => `${occasion}: für ${recipient}, wie beim letzten Mal?`,
  lead: (given) =>
    given === '' ? 'Das haben Sie beim letzten Mal geschenkt.' : `Das haben Sie am ${given} geschenkt.`,
  today: 'Heute',
  each: 'je Stück',
  times: (quantity) => `${quantity} ×`,
  priceUnknown: 'Den Preis nennt Ihnen der Shop.',
  inStock: 'vorrätig',
  soldOut: (title) => `${title} ist zurzeit nicht zu haben. Das kommt ihm nahe:`,
  nothing: (title) => `${title} ist zurzeit nicht zu haben, und auch nichts Ähnliches.`,
  leaveOut: 'Das weglassen',
  inTime: (day, earliest) => `Kommt rechtzeitig zum ${day} (es kann ab ${earliest} da sein).`,
  late: (day, earliest) => `Zu spät für den ${day}: Es kann frühestens am ${earliest} da sein.`,
  unknownDays: 'Wie lange die Lieferung dauert, ist hier nicht bekannt.',
  goesTo: 'Geht an',
  paidWith: 'Bezahlt mit',
  storedPayment: 'dem Zahlungsmittel, das Sie zuletzt benutzt haben',
  asksPayment: 'Der Shop wird Sie fragen.',
  masked: 'Gekürzt, damit es hier niemand sonst lesen kann.',
  total: 'Zusammen',
  costs: 'Die Versandkosten sind die des Shops.',
  order: 'Zahlungspflichtig bestellen',
  orderNote: (shop) =>
    `${shop === '' ? 'Der Shop' : shop} nimmt die Bestellung an, rechnet sie ab und bestätigt sie Ihnen. Bestellt wird erst, wenn Sie auf die Taste drücken.`,
  noAddress: 'Wir wissen nicht mehr, wohin es gehen soll. Bitte bestellen Sie es im Shop.',
  nothingLeft: 'Davon ist zurzeit nichts zu haben. Bitte sehen Sie im Shop nach.',
  changed:
    'Etwas hat sich geändert, seit Sie diese Seite geöffnet haben. Bitte sehen Sie noch einmal hin: Es wurde nichts bestellt.',
  orderedTitle: 'Danke, es ist bestellt',
  ordered: 'Ihre Bestellung ist beim Shop, der sie Ihnen bestätigt. Sie können diese Seite schließen.',
  goneTitle: 'Dieses Angebot ist vorbei',
  unknown:
    'Dieser Link ist keiner von uns, oder nicht mehr. Bitte öffnen Sie ihn so, wie er in unserer Nachricht steht.',
  expired: 'Der Tag, für den es war, ist vorbei. Danke, dass Sie vorbeigesehen haben.',
  closed: 'Hier ist nichts mehr zu sehen. Danke, dass Sie vorbeigesehen haben.',
  refused: 'Sie erlauben uns nicht, Bestellungen zu behalten; es wurde nichts bestellt. Bitte bestellen Sie im Shop.',
  often: 'Das war sehr oft in kurzer Zeit. Bitte warten Sie einen Augenblick und versuchen Sie es noch einmal.',
  trouble: 'Das geht im Augenblick nicht, und es wurde nichts bestellt. Bitte versuchen Sie es später noch einmal.',
}

export const reorderWords: Readonly<Record<string, ReorderWords>> = { en: english, de: german }
