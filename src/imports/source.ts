/**
 * A file to be read: what it is (found in a first pass, before anything is imported), and its text in chunks. Gzip is
 * recognised by its first bytes, whatever the file is called. The hash is of the content, so a file that was compressed
 * meanwhile is still the same.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { TextDecoder } from 'node:util'
import { createGunzip } from 'node:zlib'
import { HabitueError } from '../errors.ts'

export interface Source {
  readonly file: string
  /** SHA-256 of the content, decompressed, 64 hexadecimal digits. */
  readonly hash: string
  /** Size on disk. */
  readonly bytes: number
  /** When the file was last written, milliseconds since 1970. */
  readonly modified: number
  readonly gzip: boolean
  /** A label of the WHATWG Encoding Standard. */
  readonly encoding: string
  /** The content has bytes that its encoding does not allow; they read as U+FFFD. */
  readonly damaged: boolean
}

export interface ReadControl {
  readonly signal?: AbortSignal
  /** Bytes of the file (as it is on disk) read so far. */
  readonly progress?: (bytes: number, total: number) => void
}

const CHUNK = 256 * 1024

/**
 * Reads the file once: its hash, and whether it is whole.
 * @throws HabitueError invalid_file where it is absent, unreadable, a truncated or damaged gzip; the signal's reason
 */
export async function openSource(
  file: string,
  { encoding, ...control }: ReadControl & { readonly encoding?: string } = {},
): Promise<Source> {
  const { start, bytes, modified } = await firstBytes(file)
  const gzip = start[0] === 0x1f && start[1] === 0x8b
  const base = { file, bytes, modified, gzip }
  const hash = createHash('sha256')
  let decoder: TextDecoder | undefined
  let used = 'utf-8'
  let damaged = false
  for await (const chunk of contentOf(base, control)) {
    hash.update(chunk)
    if (!decoder) {
      used = encoding ?? encodingOf(chunk)
      decoder = decoderFor(used, file)
    }
    try {
      if (!damaged) decoder.decode(chunk, { stream: true })
    } catch {
      damaged = true
    }
  }
  try {
    if (!damaged) decoder?.decode()
  } catch {
    damaged = true
  }
  return { ...base, hash: hash.digest('hex'), encoding: used, damaged }
}

/** The text of the file in chunks, without a byte order mark. @throws as `openSource` */
export async function* readText(source: Source, control: ReadControl = {}): AsyncGenerator<string> {
  const decoder = new TextDecoder(source.encoding)
  for await (const chunk of contentOf(source, control)) {
    const text = decoder.decode(chunk, { stream: true })
    if (text !== '') yield text
  }
  const rest = decoder.decode()
  if (rest !== '') yield rest
}

/** The bytes of the file, decompressed. */
async function* contentOf(
  { file, bytes: total, gzip }: Pick<Source, 'file' | 'bytes' | 'gzip'>,
  { signal, progress }: ReadControl,
): AsyncGenerator<Buffer> {
  const disk = createReadStream(file, { highWaterMark: CHUNK })
  let read = 0
  disk.on('data', (chunk) => {
    read += chunk.length
    progress?.(read, total)
  })
  const content = gzip ? disk.pipe(createGunzip({ chunkSize: CHUNK })) : disk
  disk.on('error', (error) => content.destroy(error))
  try {
    for await (const chunk of content) {
      signal?.throwIfAborted()
      yield chunk as Buffer
    }
  } catch (cause) {
    signal?.throwIfAborted()
    throw unreadable(file, cause)
  } finally {
    disk.destroy()
  }
}

async function firstBytes(file: string): Promise<{ start: Buffer; bytes: number; modified: number }> {
  try {
    const handle = await open(file)
    try {
      const stat = await handle.stat()
      if (stat.isDirectory()) throw new HabitueError('invalid_file', `${file} is a folder; expected a file.`, { file })
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0)
      return { start: buffer.subarray(0, bytesRead), bytes: stat.size, modified: Math.floor(stat.mtimeMs) }
    } finally {
      await handle.close()
    }
  } catch (cause) {
    throw unreadable(file, cause)
  }
}

/** UTF-8, unless a byte order mark or the declaration of an XML document says otherwise. */
export function encodingOf(start: Uint8Array): string {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le'
  if (start[0] === 0xfe && start[1] === 0xff) return 'utf-16be'
  const declared = /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*encoding\s*=\s*["']([\w.:-]+)["']/.exec(
    Buffer.from(start.subarray(0, 200)).toString('latin1'),
  )
  return declared?.[1].toLowerCase() ?? 'utf-8'
}

function decoderFor(encoding: string, file: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true })
  } catch {
    const expected = 'one that the WHATWG Encoding Standard names, such as utf-8 or windows-1252'
    throw new HabitueError(
      'invalid_file',
      `The encoding of ${file} is ${JSON.stringify(encoding)}; expected ${expected}.`,
      {
        file,
        encoding,
      },
    )
  }
}

function unreadable(file: string, cause: unknown): Error {
  if (cause instanceof HabitueError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  const why =
    code === 'ENOENT'
      ? 'there is no such file'
      : code === 'EACCES'
        ? 'it may not be read by this user'
        : code === 'Z_BUF_ERROR'
          ? 'it is a gzip that was cut off: fetch it again, nothing was imported'
          : code?.startsWith('Z_')
            ? `it is a damaged gzip (${message})`
            : message
  return new HabitueError('invalid_file', `${file} cannot be read: ${why}.`, { file }, { cause })
}
