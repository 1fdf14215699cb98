/**
 * The hidden structure of taste. A *style* is a flavour of one department; a *circle* is a kind of person who likes
 * certain styles of all departments at once, which is why what somebody reads tells what coffee he drinks. No event and
 * no catalogue column names a style or a circle: a model can only find them in who bought what.
 */
export const departments = ['Coffee', 'Groceries', 'Flowers', 'Books', 'Electronics'] as const
export type Department = (typeof departments)[number]

export const stylesOf = {
  Coffee: ['bold', 'bright', 'milky', 'sweet', 'leaf', 'gear'],
  Groceries: ['classic', 'mediterranean', 'asian', 'vegan', 'baking', 'family', 'treats', 'cellar'],
  Flowers: ['romantic', 'wild', 'elegant', 'green'],
  Books: ['crime', 'future', 'love', 'past', 'science', 'kitchen-table', 'young', 'journey', 'literary', 'dark'],
  Electronics: ['audio', 'photo', 'gaming', 'cooking', 'home', 'office', 'body'],
} as const satisfies Record<Department, readonly string[]>

export type Style = (typeof stylesOf)[Department][number]

export const styles: readonly Style[] = departments.flatMap((department) => [...stylesOf[department]])
export const styleIndex: ReadonlyMap<Style, number> = new Map(styles.map((style, i) => [style, i]))

/** Weights of some styles; the others are 0. */
export type Leaning = Readonly<Partial<Record<Style, number>>>

export interface Circle {
  readonly name: string
  /** Share of the customers. */
  readonly share: number
  readonly leaning: Leaning
  /** How much a department interests, 1 = ordinary. */
  readonly interest: Readonly<Record<Department, number>>
  /** Mean age, and the share of women: weak traits, so that a trait alone says a little. */
  readonly age: number
  readonly women: number
}

const interest = (Coffee: number, Groceries: number, Flowers: number, Books: number, Electronics: number) => ({
  Coffee,
  Groceries,
  Flowers,
  Books,
  Electronics,
})

export const circles: readonly Circle[] = [
  {
    name: 'home bakers',
    share: 0.12,
    leaning: {
      milky: 1,
      sweet: 0.8,
      baking: 1,
      family: 0.4,
      romantic: 0.5,
      wild: 0.6,
      'kitchen-table': 1,
      love: 0.4,
      cooking: 1,
    },
    interest: interest(0.9, 1.4, 1, 0.9, 0.7),
    age: 46,
    women: 0.68,
  },
  {
    name: 'night readers',
    share: 0.12,
    leaning: {
      bold: 0.7,
      leaf: 0.8,
      classic: 0.7,
      cellar: 0.7,
      elegant: 0.5,
      crime: 1,
      dark: 0.8,
      audio: 0.6,
      home: 0.5,
    },
    interest: interest(1, 0.8, 0.6, 1.9, 0.6),
    age: 52,
    women: 0.56,
  },
  {
    name: 'players',
    share: 0.12,
    leaning: { sweet: 0.9, bold: 0.4, treats: 1, asian: 0.6, green: 0.4, future: 1, dark: 0.5, gaming: 1, audio: 0.5 },
    interest: interest(0.8, 0.7, 0.3, 0.9, 1.9),
    age: 28,
    women: 0.3,
  },
  {
    name: 'young families',
    share: 0.14,
    leaning: {
      milky: 0.9,
      family: 1,
      treats: 0.5,
      romantic: 0.6,
      young: 1,
      'kitchen-table': 0.4,
      home: 0.9,
      body: 0.3,
    },
    interest: interest(0.9, 1.6, 0.8, 1.1, 0.9),
    age: 36,
    women: 0.55,
  },
  {
    name: 'travellers',
    share: 0.1,
    leaning: { bright: 1, gear: 0.5, mediterranean: 0.7, asian: 0.8, wild: 0.9, journey: 1, past: 0.4, photo: 1 },
    interest: interest(1.1, 0.8, 0.7, 1.1, 1.3),
    age: 41,
    women: 0.48,
  },
  {
    name: 'plant eaters',
    share: 0.1,
    leaning: {
      bright: 0.7,
      leaf: 0.9,
      vegan: 1,
      asian: 0.4,
      green: 1,
      wild: 0.5,
      science: 0.7,
      literary: 0.4,
      body: 1,
    },
    interest: interest(1.1, 1.4, 1.1, 0.9, 0.7),
    age: 33,
    women: 0.58,
  },
  {
    name: 'hosts',
    share: 0.1,
    leaning: {
      bold: 0.9,
      gear: 0.9,
      mediterranean: 1,
      cellar: 1,
      elegant: 1,
      past: 0.7,
      'kitchen-table': 0.5,
      cooking: 0.7,
      audio: 0.4,
    },
    interest: interest(1.2, 1.3, 1.5, 0.8, 1),
    age: 50,
    women: 0.45,
  },
  {
    name: 'desk workers',
    share: 0.1,
    leaning: {
      bold: 0.6,
      milky: 0.5,
      classic: 0.8,
      treats: 0.4,
      green: 0.6,
      science: 1,
      past: 0.5,
      office: 1,
      home: 0.6,
    },
    interest: interest(1.3, 0.7, 0.6, 1, 1.4),
    age: 39,
    women: 0.42,
  },
  {
    name: 'romantics',
    share: 0.1,
    leaning: {
      sweet: 0.8,
      milky: 0.7,
      treats: 0.7,
      baking: 0.3,
      romantic: 1,
      elegant: 0.5,
      love: 1,
      literary: 0.8,
      audio: 0.6,
      body: 0.5,
    },
    interest: interest(1, 0.8, 1.7, 1.3, 0.5),
    age: 34,
    women: 0.72,
  },
]

/** The place of `name` in the vector of styles, and its weights; `scale` multiplies them. */
export function leaningVector(leaning: Leaning, scale = 1): Float64Array {
  const vector = new Float64Array(styles.length)
  for (const [style, weight] of Object.entries(leaning)) vector[styleIndex.get(style as Style)!] = weight * scale
  return vector
}
