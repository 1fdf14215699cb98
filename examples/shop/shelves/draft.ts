/** A product as its department describes it, before the catalogue gives it stock, cost, codes and a picture. */
import type { Season } from '../calendar.ts'
import type { Department, Leaning, Style } from '../styles.ts'

export type Attributes = Readonly<Record<string, string | number | boolean>>

export interface Draft {
  readonly id: string
  readonly title: string
  readonly text: string
  /** Below the department, outermost first. */
  readonly path: readonly string[]
  /** Minor units. */
  readonly price: number
  readonly attributes: Attributes
  readonly leaning: Leaning
  /** How much more it sells than its neighbours; 1 = ordinary. */
  readonly demand?: number
  /** How much more it sells in a season; 1 where absent. */
  readonly seasons?: Readonly<Partial<Record<Season | 'december', number>>>
  /** The product of which this is a variant. */
  readonly group?: string
  /** `all`, or the least age; absent = its category's. */
  readonly audience?: string
  readonly deliveryDays?: number
  /** CSS colour of its picture. */
  readonly colour: string
}

export interface Shelf {
  readonly department: Department
  /** Margin on the price: cost = price x (1 - margin). */
  readonly margin: number
  readonly deliveryDays: number
  readonly drafts: readonly Draft[]
}

/** `Crème brûlée (2 pieces)` -> `creme-brulee-2-pieces` */
export const slug = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')

/** `bold gear:0.5` -> `{ bold: 1, gear: 0.5 }` */
export function leaningOf(words: string): Leaning {
  const out: Partial<Record<Style, number>> = {}
  for (const word of words.split(' ').filter(Boolean)) {
    const [style, weight] = word.split(':')
    out[style as Style] = weight ? Number(weight) : 1
  }
  return out
}

/** Rows of a table written as text, one product a line, cells separated by `|`. */
export const rows = (table: string): string[][] =>
  table
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
