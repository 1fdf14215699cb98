/** What the customer's page says, in English. Every other language has the same entries (`Words`). */

import type { RecommendedItem } from '../../engine-api.ts'

type ReasonKind = RecommendedItem['reason']['kind']

/** Version of the texts about consent: an answer given here says which one was read. Raise it with any change to them. */
export const consentWording = 'page 2'

export const english = {
  language: 'en',
  name: 'English',
  title: 'What we remember about you',
  greeting: (name: string) => `${name}, this is what we remember about you.`,
  nobody: 'Nothing is remembered about you.',
  withheld:
    'Without your agreement to “Doing what you asked” nothing is shown or used here. What is still stored is in the download.',
  lead: 'You may look at all of it, correct it, delete it, and switch off what you do not want. What you delete does not come back.',
  linkEnds: (time: string) => `This link is yours alone, and works until ${time}. Do not pass it on.`,
  skip: 'Skip to what is remembered',
  contents: 'On this page',
  languages: 'Language',
  saved: 'Done',
  failed: 'That did not work',

  parts: {
    identity: 'About you',
    taste: 'Your taste',
    rhythms: 'Your habits',
    people: 'People, occasions, addresses, payment',
    dialogue: 'What we talked about',
  },
  memory: 'What is remembered',
  emptyPart: 'Nothing.',
  known: 'You are known here by',
  identifiers: {
    user: 'your customer number',
    email: 'your e-mail address',
    phone: 'your telephone number',
    anonymous: 'this browser',
  } as Readonly<Record<string, string>>,
  /** Names of traits, spelled in lower case with spaces. */
  traits: {
    'first name': 'First name',
    'last name': 'Last name',
    name: 'Name',
    title: 'Title',
    gender: 'Gender',
    age: 'Age',
    email: 'E-mail',
    phone: 'Telephone',
    birthday: 'Birthday',
    company: 'Company',
    city: 'Town',
    country: 'Country',
  } as Readonly<Record<string, string>>,
  provenance: { told: 'You told us', observed: 'We saw it', inferred: 'Our guess' },
  since: (from: string, time: string) => `${from}, ${time}`,
  keptUntil: (time: string) => `kept until ${time}`,
  earlier: 'What it replaced',
  lost: {
    'told beats observed': 'what you tell us counts more than what we see',
    'told beats inferred': 'what you tell us counts more than a guess',
    'observed beats inferred': 'what we see counts more than a guess',
    'newer beats older': 'the newer one counts',
  },
  hidden: (count: number) =>
    count === 1
      ? 'One more statement is shown after you enter a code.'
      : `${count} more statements are shown after you enter a code.`,
  toCode: 'Go to the code',
  remove: 'Delete',
  correct: 'Correct',
  save: 'Save',
  newValue: 'What is right',
  never: 'Never show me this',
  notForMe: 'Not for me',
  tellTitle: 'Tell us yourself',
  tellNever: 'What should we never show you?',
  tellQuirk: 'What else should we know about you, in your own words?',
  tell: 'Remember this',
  choices: {
    likes: 'I like it',
    dislikes: 'I do not like it',
    never: 'Never show it to me',
    small: 'it runs small',
    large: 'it runs large',
    true: 'it is true to size',
    yes: 'yes',
    no: 'no',
    size: 'the size was wrong',
    quality: 'the quality',
    damaged: 'it was damaged',
    'not as described': 'it was not as described',
    'changed mind': 'I changed my mind',
    other: 'something else',
  } as Readonly<Record<string, string>>,
  addressFields: {
    name: 'Name',
    street: 'Street',
    postcode: 'Postcode',
    city: 'Town',
    region: 'Region',
    country: 'Country',
    note: 'Note',
    date: 'Date (MM-DD or YYYY-MM-DD)',
  } as Readonly<Record<string, string>>,

  visit: 'This visit',
  visitLead: (acts: number) =>
    `You are not logged in. ${acts === 1 ? 'One thing' : `${acts} things`} that you did on this visit helps us to show you what suits you. It is stored nowhere, and gone half an hour after you leave.`,
  endVisit: 'Forget this visit',
  keepOff: 'Keep off: use nothing that I do',
  items: 'What you looked at and bought',
  itemsLead: '“Not for me” takes an item out of your taste: it teaches us nothing more about you.',
  counts: (views: number, bought: number, returned: number) =>
    [
      views > 0 ? `looked at ${times(views)}` : '',
      bought > 0 ? `bought ${times(bought)}` : '',
      returned > 0 ? `sent back ${times(returned)}` : '',
    ]
      .filter(Boolean)
      .join(', ') || 'noticed',
  moreItems: (count: number) => `And ${count} more; the download has all of them.`,

  question: 'May we ask you something?',
  answer: 'Answer',
  yourAnswer: 'Your answer',
  declined: 'I would rather not say',
  ask: {
    size: (about: string) => `Which size fits you in ${about}?`,
    return: (about: string) => `Why did you send back ${about}?`,
    birthday: (about: string) => `When is ${about}’s birthday? (MM-DD)`,
    taste: (about: string) => `Would you like to see more of ${about}?`,
  } as Readonly<Record<string, (about: string) => string>>,

  consent: 'What we may do',
  consentLead:
    'Your answer works at once. You can change it whenever you like, and nothing that you ordered depends on it.',
  purposes: {
    service: ['Doing what you asked', 'Orders, returns, questions and complaints.'],
    personalisation: ['Choosing for you', 'What you look at and buy helps us to show you what suits you.'],
    marketing: ['Writing to you', 'News and offers, on any channel.'],
    'marketing:email': ['Writing to you by e-mail', 'News and offers by e-mail.'],
    'marketing:sms': ['Writing to you by text message', 'News and offers by text message.'],
    'marketing:push': ['Notes on your device', 'News and offers as notifications.'],
    'marketing:profile': ['Offers made for you', 'What we write is chosen by what we know of you.'],
    training: ['Learning from many', 'Your choices, without your name, help us to understand what goes together.'],
    research: ['Counting', 'Statistics about everybody, in which nobody can be recognised.'],
  } as Readonly<Record<string, readonly [string, string]>>,
  otherChannel: (channel: string) =>
    [`Writing to you by ${channel}`, `News and offers by ${channel}.`] as readonly [string, string],
  bases: {
    consent: 'Legal basis: your consent. Without it we do not do this.',
    contract: 'Legal basis: the contract with you. It is needed for what you ordered.',
    'legitimate-interest': 'Legal basis: our legitimate interest. We do this until you object.',
    'soft-opt-in': 'Legal basis: you bought here, so we may write to you about similar goods until you object.',
    none: 'We do not do this at all.',
  } as Readonly<Record<string, string>>,
  serviceInterest: 'Legal basis: our legitimate interest. To object, please ask the shop.',
  particular: {
    category: (name) => [
      `Using what ${name} says of you`,
      `What you look at and buy in ${name} is used for suggestions and reasons only if you agree to it here.`,
    ],
    child: (name) => [
      `Choosing for ${name}`,
      `Suggestions for ${name} by age and by the interests that you told us, and by nothing else. For a child they need your consent.`,
    ],
  } as Readonly<Record<'category' | 'child', (name: string) => readonly [string, string]>>,
  on: 'On',
  off: 'Off',
  why: {
    unset: 'you were not asked yet',
    denied: 'you refused',
    expired: 'your consent has ended',
    granted: 'you agreed',
    minor: 'not for minors',
  } as Readonly<Record<string, string>>,
  answeredAt: (time: string) => `answered on ${time}`,
  agree: 'I agree',
  refuse: 'I refuse',
  allow: 'I allow it',
  object: 'I object',
  refuseAll: 'Refuse everything that can be refused',
  gpc: 'Your browser sends the signal of Global Privacy Control. We honour it.',

  reasons: 'Why you were shown something',
  reasonsLead: 'What was chosen for you most recently, and why.',
  noReasons: 'Nothing was chosen for you lately.',
  placements: {
    home: 'on the home page',
    item: 'beside an item',
    cart: 'beside the cart',
    unavailable: 'instead of something that was not available',
    items: 'in a list',
    popular: 'among what is popular',
    trending: 'among what is in demand',
    new: 'among what is new',
    recent: 'among what you looked at',
  } as Readonly<Record<string, string>>,
  shown: (time: string, place: string) => `${time}, ${place}`,
  reason: {
    because: 'because of what you bought or looked at',
    taste: 'suits your taste',
    similar: 'similar to something that you looked at',
    together: 'often chosen together',
    instead: 'instead of something that was not available',
    popular: 'popular with many',
    trending: 'in demand that week',
    alike: 'popular with customers like you',
    rated: 'well rated',
    trial: 'to be discovered',
    new: 'new here',
    recent: 'you had looked at it',
    again: 'you had it before',
    recipient: 'fits what you told us',
    asked: 'from your list',
    rule: 'placed by the shop, not by your taste',
  } satisfies Readonly<Record<ReasonKind, string>> as Readonly<Record<string, string>>,

  rights: 'Your data',
  code: 'Prove that it is you',
  codeLead: (address: string) =>
    `People, addresses and payment, the download and the deletion of everything are for you alone. We send a code of six digits to ${address}; it works for ten minutes.`,
  codeShop:
    'People, addresses and payment, the download and the deletion of everything need a code sent by e-mail, and no e-mail address of yours is known here. Please ask the shop.',
  codeProven: 'You have entered the code. For half an hour everything is open in this browser.',
  sendCode: 'Send me a code',
  codeField: 'The code from the e-mail',
  enterCode: 'Enter',
  download: 'Download everything',
  downloadLead: 'All that is stored about you: to read, or for a program.',
  downloadHtml: 'Download to read (HTML)',
  downloadJson: 'Download for programs (JSON)',
  forget: 'Forget me',
  forgetLead:
    'Everything about you is deleted at once and for good. What the law makes us keep of orders stays without your name.',
  forgetSure: 'Yes, delete everything about me',
  forgetRefuse: 'And do not remember me again in the future',
  afterCode: 'This is open after you enter the code.',
  forgottenTitle: 'You are forgotten',
  forgotten: (rows: number) =>
    `Everything about you was deleted (${rows} entries). Below is the receipt; it says nothing about you.`,
  receipt: { id: 'Number', time: 'Time', hash: 'Check sum' },

  accountTitle: 'Please log in',
  account:
    'A customer was logged in on this browser before. What is remembered of a customer is shown only to him: please open this page from your account.',
  badLinkTitle: 'This link does not work',
  badLink: 'It is not complete, or not from this shop. Please open the page from the shop again.',
  oldLink: 'Its time is over. Please open the page from the shop again.',
  tooFast: 'That was a lot at once. Please wait a moment, then go back and try again.',
  badForm: 'The form did not come from this page. Please go back and try again.',
  trouble: 'Something went wrong here. Please try again later.',

  done: {
    delete: 'It is deleted and will not come back.',
    correct: 'It is corrected.',
    never: 'It will not be shown to you again.',
    forget: 'It teaches us nothing more about you.',
    tell: 'Thank you. It is remembered.',
    answer: 'Thank you for your answer.',
    decline: 'That is all right. You will not be asked again.',
    consent: 'Your answer is noted and works from now on.',
    'ask-code': 'A code is on its way to you.',
    prove: 'Thank you. Everything is open now.',
  } as Readonly<Record<string, string>>,
  failures: {
    not_found: 'It is not there any more.',
    unknown_item: 'The shop does not know this item.',
    invalid_fact: 'This value cannot be remembered so. Please check what you wrote.',
    invalid_text: 'The text has characters that cannot be stored.',
    event_too_large: 'The text is too long.',
    card_number: 'This looks like the number of a card. Such numbers are not stored.',
    consent_refused: 'It cannot be remembered without your consent, or because it was deleted before.',
    erased_refused: 'You asked not to be remembered again, so nothing was stored.',
    conflict: 'This was answered before.',
    rate_limited: 'Too many codes were asked for. Please try again in an hour.',
    code_wrong: 'This is not the code, or it is too old. Please check it, or have a new one sent.',
    code_required: 'Please enter the code first.',
    unsure: 'Please tick the box first if you are sure.',
    empty: 'Please fill in the field.',
    other: 'Please try again later.',
  } as Readonly<Record<string, string>>,
}

export type Words = typeof english

function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`
}
