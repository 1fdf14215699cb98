/** Feasts as people call them. */
import { type Feast, feastNames } from './date-rule.ts'

const words: Readonly<Partial<Record<Feast, readonly string[]>>> = {
  'mothers-day': [
    ...['mothersday', 'motheringsunday', 'muttertag', 'fetedesmeres', 'festadellamamma', 'diadelamadre', 'moederdag'],
    ...['dzienmatki', 'morsdag', 'morsdag', 'деньматери'],
  ],
  'fathers-day': [
    ...['fathersday', 'vatertag', 'fetedesperes', 'festadelpapa', 'diadelpadre', 'vaderdag', 'dzienojca', 'farsdag'],
    'деньотца',
  ],
  'valentines-day': ['valentinesday', 'valentine', 'valentines', 'valentinstag', 'saintvalentin', 'sanvalentino'],
  'womens-day': ['womensday', 'internationalwomensday', 'frauentag', 'weltfrauentag', 'dzienkobiet', 'восьмоемарта'],
  'teachers-day': ['teachersday', 'lehrertag', 'dziennauczyciela', 'деньучителя'],
  easter: ['easter', 'eastersunday', 'ostern', 'paques', 'pasqua', 'pascua', 'pasen', 'wielkanoc', 'paska', 'пасха'],
  christmas: ['christmas', 'xmas', 'weihnachten', 'noel', 'natale', 'navidad', 'kerst', 'bozenarodzenie', 'jul'],
  thanksgiving: ['thanksgiving', 'thanksgivingday'],
}

const byWord: ReadonlyMap<string, Feast> = new Map([
  ...feastNames.map((feast) => [folded(feast), feast] as const),
  ...Object.entries(words).flatMap(([feast, names]) => names.map((name) => [folded(name), feast as Feast] as const)),
])

/** The feast that a text names (`Mother's Day`, `Muttertag`), in any spelling of case, blanks and accents; null = none. */
export function feastNamed(text: string): Feast | null {
  return byWord.get(folded(text)) ?? null
}

function folded(text: string): string {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
  return plain.replace(/[^\p{L}\p{N}]/gu, '')
}
