/** The usual in a sentence: "Usually an Espresso; below 8 degrees a Latte." */
import type { Split } from '../models/usual-splits.ts'

/** What holds when the split holds, or when it does not. */
export function phraseOf(split: Split, holds: boolean): string {
  if ('is' in split) return wordPhrase(split.name, split.is, holds)
  const { name, below } = split
  if (name === 'temperature') return `${holds ? 'below' : 'from'} ${below} degrees`
  if (name === 'hour') return `${holds ? 'before' : 'from'} ${clock(below)}`
  return `when ${name} is ${holds ? 'below' : 'at least'} ${below}`
}

function wordPhrase(name: string, word: string, holds: boolean): string {
  if (name === 'days') return (word === 'weekend') === holds ? 'at the weekend' : 'on weekdays'
  return `when ${name} is ${holds ? '' : 'not '}${word}`
}

function clock(hour: number): string {
  const minutes = Math.round(hour * 60)
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`
}

/** @param rule the usual when the condition does not decide otherwise; @param exception where there is one */
export function usualText(rule: string, exception: { readonly phrase: string; readonly item: string } | null): string {
  return exception ? `Usually ${rule}; ${exception.phrase} ${exception.item}.` : `Usually ${rule}.`
}
