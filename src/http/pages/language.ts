/** In which language the page speaks: as the address says, else as the browser asks, else English. */
import { english, type Words } from './english.ts'
import { type ExportWords, exportInEnglish } from './export-english.ts'
import { exportInGerman } from './export-german.ts'
import { type FactWords, factsInEnglish } from './facts-english.ts'
import { factsInGerman } from './facts-german.ts'
import { german } from './german.ts'

export interface Language {
  readonly words: Words
  readonly facts: FactWords
  readonly exported: ExportWords
}

/** To add one: a file like german.ts, one like facts-german.ts, one like export-german.ts, a line here. */
export const languages: Readonly<Record<string, Language>> = {
  en: { words: english, facts: factsInEnglish, exported: exportInEnglish },
  de: { words: german, facts: factsInGerman, exported: exportInGerman },
}

/** `accepted` = the header Accept-Language (RFC 9110, 12.5.4). */
export function languageOf(wanted: string | undefined, accepted: string | undefined): Language {
  if (wanted !== undefined && Object.hasOwn(languages, wanted)) return languages[wanted]
  const asked = (accepted ?? '')
    .slice(0, 1000)
    .split(',')
    .map((range, i) => {
      const [tag, ...parameters] = range.trim().toLowerCase().split(';')
      const quality = parameters.find((one) => one.trim().startsWith('q='))
      return { code: tag.split('-')[0], q: quality ? Number(quality.trim().slice(2)) : 1, i }
    })
    .filter(({ code, q }) => Object.hasOwn(languages, code) && q > 0)
    .sort((a, b) => b.q - a.q || a.i - b.i)
  return languages[asked[0]?.code ?? 'en']
}
