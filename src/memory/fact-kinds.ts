/**
 * The kinds of facts, in one table: the form of each kind's value, how fast it grows uncertain, whether it is about a third
 * person, and in which part of the memory document it stands. `docs/facts.md` explains each; a test keeps the two equal.
 */
import Type, { type TSchema } from 'typebox'

/** Parts of the memory document, in order; consent comes last. */
export const parts = ['identity', 'taste', 'rhythms', 'people', 'dialogue'] as const
export type Part = (typeof parts)[number]

export interface FactKind {
  readonly part: Part
  /** The form of its value. */
  readonly value: TSchema
  /** What was expected, for people. */
  readonly expects: string
  /** Days after which confidence has halved without confirmation; null = it does not fall. */
  readonly halfLife: number | null
  /** About a person other than the customer: fields are few, and it ends by itself. */
  readonly thirdParty: boolean
  /** Touches a subject that may be sensitive (health, religion, ...). */
  readonly sensitive: boolean
  /** Days after it was last confirmed at which it is deleted, where nothing else was said; null = never. */
  readonly keep: number | null
  /** Several values of one subject stand beside each other (each complaint, each note), or the latest wins. */
  readonly several: boolean
  readonly means: string
}

const Text = (maxLength: number) => Type.String({ minLength: 1, maxLength })
const Maybe = (maxLength: number) => Type.Optional(Text(maxLength))
const closed = { additionalProperties: false } as const
const Scalar = Type.Union([
  Text(500),
  Type.Number(),
  Type.Boolean(),
  Type.Array(Text(200), { minItems: 1, maxItems: 50 }),
])
const DayText = Type.String({ pattern: '^(\\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$' })

/** What a recipient may be known by: no more than it takes to choose a present and to write a label. */
const Recipient = Type.Object(
  {
    relation: Maybe(100),
    age: Type.Optional(Type.Integer({ minimum: 0, maximum: 120 })),
    size: Maybe(50),
    likes: Maybe(300),
  },
  closed,
)
const Address = Type.Object(
  {
    name: Maybe(200),
    street: Maybe(300),
    postcode: Maybe(30),
    city: Maybe(200),
    region: Maybe(200),
    country: Maybe(100),
    note: Maybe(500),
  },
  { ...closed, minProperties: 1 },
)
const Household = Type.Object(
  {
    adults: Type.Optional(Type.Integer({ minimum: 0, maximum: 50 })),
    children: Type.Optional(Type.Integer({ minimum: 0, maximum: 50 })),
    pets: Type.Optional(Type.Array(Text(100), { maxItems: 20 })),
  },
  { ...closed, minProperties: 1 },
)
const Complaint = Type.Object(
  {
    state: Type.Enum(['open', 'resolved']),
    text: Maybe(2000),
    order: Maybe(255),
    item: Maybe(512),
    resolution: Maybe(2000),
  },
  closed,
)

const year = 365
const kind = (row: Partial<FactKind> & Pick<FactKind, 'part' | 'value' | 'expects' | 'means'>): FactKind => ({
  halfLife: null,
  thirdParty: false,
  sensitive: false,
  keep: null,
  several: false,
  ...row,
})
const third = { thirdParty: true, keep: 2 * year } as const

export const factKinds = {
  preference: kind({
    part: 'taste',
    value: Type.Enum(['likes', 'dislikes', 'never']),
    expects: '"likes", "dislikes" or "never"',
    halfLife: 2 * year,
    means:
      'What the customer likes, dislikes, or never wants to see. Dislikes and never are rules: nothing that they name is shown.',
  }),
  interest: kind({
    part: 'taste',
    value: Type.Enum(['bought', 'viewed']),
    expects: '"bought" or "viewed"',
    halfLife: 180,
    means: 'An item or a category that he came back to.',
  }),
  usual: kind({
    part: 'taste',
    value: Text(512),
    expects: 'the id of an item',
    halfLife: 180,
    means: 'The usual of a slot (`coffee`), often under a condition.',
  }),
  quirk: kind({
    part: 'taste',
    value: Text(2000),
    expects: 'a text',
    several: true,
    means: 'What makes him him, in his own words.',
  }),
  size: kind({
    part: 'taste',
    value: Text(50),
    expects: 'a text such as "M" or "42"',
    halfLife: 2 * year,
    means: 'The size that fits him, by what it is for (`shirts`).',
  }),
  fit: kind({
    part: 'taste',
    value: Type.Enum(['small', 'large', 'true']),
    expects: '"small", "large" or "true"',
    halfLife: 2 * year,
    means: 'How an item came out: it ran small, or large.',
  }),
  return: kind({
    part: 'dialogue',
    value: Type.Object({ reason: Text(50), text: Maybe(500), order: Maybe(255) }, closed),
    expects: 'an object with a reason',
    several: true,
    means: 'Why an item came back.',
  }),
  diet: kind({
    part: 'taste',
    value: Text(100),
    expects: 'a text such as "vegan"',
    sensitive: true,
    several: true,
    means: 'How he eats; an item whose attribute `excludedDiets` (or `unsuitableFor`) names it is never shown.',
  }),
  allergy: kind({
    part: 'taste',
    value: Type.Union([Type.Boolean(), Text(200)]),
    expects: 'true, or a text about how severe',
    sensitive: true,
    means: 'What he does not tolerate: an item whose attribute `allergens` (or `contains`) names it is never shown.',
  }),
  consent: kind({
    part: 'taste',
    value: Type.Enum(['granted', 'denied']),
    expects: '"granted" or "denied"',
    sensitive: true,
    means:
      'That what is in a category which the shop marked as sensitive may be used for him; without it nothing of it is.',
  }),
  language: kind({
    part: 'identity',
    value: Type.String({ pattern: '^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$' }),
    expects: 'a language tag such as "de"',
    halfLife: 2 * year,
    means: 'The language in which he wants to be spoken to.',
  }),
  channel: kind({
    part: 'rhythms',
    value: Text(100),
    expects: 'a text such as "mobile"',
    halfLife: 180,
    means: 'Where he comes and buys, as a rule.',
  }),
  rhythm: kind({
    part: 'rhythms',
    value: Type.Union([Text(200), Type.Number()]),
    expects: 'a text or a number',
    halfLife: 180,
    means: 'What recurs: how often he orders, on which day.',
  }),
  attribute: kind({
    part: 'identity',
    value: Scalar,
    expects: 'a text, a number, true or false, or a list of texts',
    halfLife: 3 * year,
    means: 'Whatever else describes him.',
  }),
  setting: kind({
    part: 'identity',
    value: Scalar,
    expects: 'a text, a number, true or false, or a list of texts',
    means: 'Something as he left it (grind, delivery to the door); who changed it is said.',
  }),
  household: kind({
    part: 'people',
    value: Household,
    expects: 'an object with adults, children, pets',
    halfLife: 2 * year,
    means: 'With how many he lives.',
  }),
  recipient: kind({
    part: 'people',
    value: Recipient,
    expects: 'an object with relation, age, size, likes',
    ...third,
    means: 'For whom else he buys.',
  }),
  address: kind({
    part: 'people',
    value: Address,
    expects: 'an object with name, street, postcode, city, region, country, note',
    keep: 3 * year,
    means: 'Where something is sent, by what he calls it (`home`).',
  }),
  gift: kind({
    part: 'people',
    value: Type.Object(
      { items: Type.Array(Text(512), { maxItems: 50 }), occasion: Maybe(100), date: Maybe(40), place: Maybe(300) },
      closed,
    ),
    expects: 'an object with items, occasion, date, place',
    ...third,
    means: 'What was given last time, to whom and where.',
  }),
  occasion: kind({
    part: 'people',
    value: Type.Object({ date: DayText }, closed),
    expects: 'an object with date, MM-DD or YYYY-MM-DD',
    ...third,
    means: 'A date that matters, his own or a recipient’s.',
  }),
  payment: kind({
    part: 'people',
    value: Type.Object({ token: Text(300), label: Maybe(100) }, closed),
    expects: 'an object with the provider’s token, and a label',
    keep: 3 * year,
    means: 'A means of payment: the token of the payment provider, never a number.',
  }),
  complaint: kind({
    part: 'dialogue',
    value: Complaint,
    expects: 'an object with state "open" or "resolved"',
    means: 'What went wrong, and what was done about it; while one is open, marketing is silent.',
  }),
  contact: kind({
    part: 'dialogue',
    value: Type.Object({ channel: Maybe(100), subject: Maybe(500), text: Maybe(2000) }, closed),
    expects: 'an object with channel, subject, text',
    several: true,
    means: 'That he asked for help, and of what.',
  }),
  email: kind({
    part: 'dialogue',
    value: Type.Object(
      { response: Type.Enum(['opened', 'clicked', 'bounced', 'spam', 'unsubscribed']), subject: Maybe(500) },
      closed,
    ),
    expects: 'an object with the response',
    halfLife: year,
    means: 'What he did with a mail.',
  }),
  survey: kind({
    part: 'dialogue',
    value: Type.Object({ answer: Type.Optional(Scalar), score: Type.Optional(Type.Number()) }, closed),
    expects: 'an object with answer, score',
    halfLife: year,
    means: 'What he answered to a survey.',
  }),
  note: kind({
    part: 'dialogue',
    value: Type.Object({ text: Text(2000), author: Maybe(200) }, closed),
    expects: 'an object with text, author',
    several: true,
    means: 'What whoever serves him noted.',
  }),
  question: kind({
    part: 'dialogue',
    keep: 3 * year,
    value: Type.Object({ state: Type.Enum(['asked', 'answered', 'declined']) }, closed),
    expects: 'an object with state',
    means: 'What he was asked, and whether he answered or would rather not say.',
  }),
} as const satisfies Record<string, FactKind>

export type FactKindName = keyof typeof factKinds
export const factKindNames = Object.keys(factKinds) as FactKindName[]

export function isFactKind(name: unknown): name is FactKindName {
  return typeof name === 'string' && Object.hasOwn(factKinds, name)
}

/** Kinds that come about by what happens, and not by being told as such. */
export const madeByEvents: ReadonlySet<FactKindName> = new Set<FactKindName>(['question', 'interest'])
