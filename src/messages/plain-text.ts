/** Plain text of a mail's HTML: what a reader without HTML gets, and everybody who listens instead of reading. */
const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  euro: '€',
  ndash: '–',
  mdash: '—',
  hellip: '…',
}

/** Links stand behind their words in brackets, pictures are their alternative text. */
export function plainText(html: string): string {
  const text = html
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<(style|script|head|title)\b[\s\S]*?<\/\1\s*>/gi, '')
    .replace(/\s+/g, ' ')
    .replace(/<img\b[^>]*?\balt=("([^"]*)"|'([^']*)')[^>]*>/gi, (_, __, a, b) => a ?? b ?? '')
    .replace(/<a\b[^>]*?\bhref=("([^"]*)"|'([^']*)')[^>]*>([\s\S]*?)<\/a\s*>/gi, (_, __, a, b, words: string) => {
      const [address, shown] = [(a ?? b ?? '') as string, words.replace(/<[^>]*>/g, '').trim()]
      if (shown === '' || shown === address) return address
      return !/^(https?|mailto|tel):/i.test(address) ? shown : `${shown} <${address}>`.replace('<', '&lt;')
    })
    .replace(/<li\b[^>]*>/gi, '\n- ')
    .replace(/<br\s*\/?>/gi, '\n')
    .replace(/<\/(p|div|h[1-6]|ul|ol|table|section|header|footer|blockquote)\s*>/gi, '\n\n')
    .replace(/<\/(tr|li)\s*>/gi, '\n')
    .replace(/<[^>]*>/g, '')
  return decoded(text)
    .replace(/[ \t]*\n[ \t]*/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/[ \t]{2,}/g, ' ')
    .trim()
}

export function decoded(text: string): string {
  return text.replace(/&(#x?[0-9a-f]{1,6}|\w{2,8});/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return entities[name.toLowerCase()] ?? whole
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ''
  })
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }

/** Text for an element or a quoted attribute, as Liquid's `escape` writes it. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character])
}
