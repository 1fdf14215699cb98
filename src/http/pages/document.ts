/** The frame of every page for customers, and the pages that say no more than a sentence. */
import { escaped as e } from '../html.ts'
import type { Words } from './english.ts'
import { type Language, languages } from './language.ts'
import { style } from './style.ts'

/** `inner` is HTML; everything else is text. */
export function document({ words }: Language, title: string, inner: string): string {
  return `<!doctype html>
<html lang="${words.language}"><head><meta charset="utf-8"><title>${e(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex, nofollow">
<style>${style}</style></head>
<body>${inner}</body></html>
`
}

/** A page of one sentence. */
export function notice(language: Language, title: string, text: string): string {
  return document(
    language,
    title,
    `<header>${languageLinks(language.words)}<h1>${e(title)}</h1></header><main><section class="block"><p>${e(text)}</p></section></main>`,
  )
}

export function languageLinks(words: Words): string {
  const links = Object.values(languages).map(({ words: { language, name } }) => {
    const current = language === words.language ? ' aria-current="true"' : ''
    return `<li><a href="?lang=${language}" lang="${language}" hreflang="${language}"${current}>${e(name)}</a></li>`
  })
  return `<nav class="languages" aria-label="${e(words.languages)}"><ul>${links.join('')}</ul></nav>`
}
