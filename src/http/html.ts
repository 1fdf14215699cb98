/** HTML that is served: every text in it is escaped, and every page comes with the headers that keep it harmless. */
import type { FastifyReply } from 'fastify'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for an element or a quoted attribute. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character])
}

/**
 * No script at all, nothing loaded from elsewhere, kept by no cache and told to nobody; in nobody's frame, but for those of
 * `framers` (origins). `style` = the SHA-256 of the page's one style element, base64.
 */
export function pageHeaders(reply: FastifyReply, style: string, framers: readonly string[] = []): FastifyReply {
  const frames = framers.length > 0 ? framers.join(' ') : "'none'"
  // The older header knows no list of origins; browsers that know the newer one pass it by.
  if (framers.length === 0) reply.header('x-frame-options', 'DENY')
  return reply
    .header(
      'content-security-policy',
      `default-src 'none'; style-src 'sha256-${style}'; form-action 'self'; frame-ancestors ${frames}; base-uri 'none'`,
    )
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'no-referrer')
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
}
