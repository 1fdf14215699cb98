/** Where a mail server is, as the configuration says it: `smtp://user:password@host:587`, `imaps://...`. */
import { HabitueError } from '../errors.ts'

export interface MailServerUrl {
  readonly host: string
  readonly port: number
  /** Encrypted from the first byte. */
  readonly secure: boolean
  /** Encrypted before anything is said that others must not hear. */
  readonly requireTLS: boolean
  readonly auth: { readonly user: string; readonly pass: string } | null
  /** What comes after the host, without its slash; '' = nothing. */
  readonly path: string
}

/** Where no port is said: plain, encrypted. */
const ports = { smtp: [587, 465], imap: [143, 993] } as const

/** @throws HabitueError invalid_config */
export function mailServerUrl(setting: string, text: string, protocol: 'smtp' | 'imap'): MailServerUrl {
  const url = URL.parse(text)
  const secure = url?.protocol === `${protocol}s:`
  const [plain, encrypted] = ports[protocol]
  if (!url || (!secure && url.protocol !== `${protocol}:`) || url.hostname === '')
    throw new HabitueError(
      'invalid_config',
      `The setting ${setting} is no address of a mail server; expected ${protocol}://user:password@host:${plain} or ${protocol}s://...`,
      { name: setting },
    )
  const auth =
    url.username === '' ? null : { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? encrypted : plain) : Number(url.port),
    secure,
    // A password never goes over a line that somebody can listen to, but to this machine itself.
    requireTLS: auth !== null && !secure && !/^(localhost|127\.|\[?::1)/.test(url.hostname),
    auth,
    path: decodeURIComponent(url.pathname.replace(/^\//, '')),
  }
}
