/**
 * A lean load generator: keep-alive connections over plain sockets, requests built beforehand, answers read by their
 * Content-Length. It shares the machine's cores with the server that it measures, so what it costs counts.
 */
import { connect, type Socket } from 'node:net'

/** A whole HTTP/1.1 request as bytes. */
export function requestBytes(url: string, path: string, key: string, body: string): Buffer {
  const { host } = new URL(url)
  const bytes = Buffer.from(body)
  const head =
    `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${key}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${bytes.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), bytes])
}

export interface Answer {
  readonly status: number
  readonly body: Buffer
}

const headEnd = Buffer.from('\r\n\r\n')

/** One request at a time. */
export class Connection {
  readonly #socket: Socket
  #got: Buffer = Buffer.alloc(0)
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('The server closed the connection')))
  }

  static open(url: string): Promise<Connection> {
    const { hostname, port } = new URL(url)
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname)
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new Connection(socket))
      })
    })
  }

  send(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#socket.removeAllListeners('close')
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    this.#got = this.#got.length === 0 ? chunk : Buffer.concat([this.#got, chunk])
    const end = this.#got.indexOf(headEnd)
    if (end < 0) return
    const head = this.#got.toString('latin1', 0, end)
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1])
    if (Number.isNaN(length)) {
      this.#fail(new Error(`An answer has no Content-Length: ${head}`))
      return
    }
    const whole = end + headEnd.length + length
    if (this.#got.length < whole) return
    const answer = { status: Number(head.slice(9, 12)), body: this.#got.subarray(whole - length, whole) }
    this.#got = this.#got.subarray(whole)
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.resolve(answer)
  }

  #fail(error: Error): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.reject(error)
  }
}

export interface Load {
  readonly requests: number
  readonly seconds: number
  /** Milliseconds of each request, ascending. */
  readonly latencies: Float64Array
}

/** What an answer must be; throws where it is not. */
export type Check = (answer: Answer) => void

export const ok: Check = ({ status, body }) => {
  if (status !== 200) throw new Error(`A request was answered ${status}: ${body.toString().slice(0, 300)}`)
}

/** Closed loop: each of `connections` sends the next request as soon as its last was answered, until `until` (ms) or null. */
export async function closedLoop(
  url: string,
  connections: number,
  seconds: number,
  next: () => Buffer | null,
  check: Check = ok,
): Promise<Load> {
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(url)))
  const latencies: number[] = []
  const started = performance.now()
  const until = started + seconds * 1000
  const work = async (connection: Connection) => {
    for (;;) {
      const before = performance.now()
      const request = before < until ? next() : null
      if (!request) return
      check(await connection.send(request))
      latencies.push(performance.now() - before)
    }
  }
  try {
    await Promise.all(open.map(work))
  } finally {
    for (const connection of open) connection.close()
  }
  const ended = performance.now()
  return {
    requests: latencies.length,
    seconds: (ended - started) / 1000,
    latencies: Float64Array.from(latencies).sort(),
  }
}

/**
 * Open loop: a request is due every 1/`rate` seconds whether or not the last was answered; its latency counts from when
 * it was due, so a server that falls behind shows it. Requests that find no free connection wait in a queue.
 */
export async function openLoop(
  url: string,
  connections: number,
  seconds: number,
  rate: number,
  next: () => Buffer | null,
  check: Check = ok,
): Promise<Load> {
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(url)))
  const latencies: number[] = []
  const started = performance.now()
  let issued = 0
  const total = Math.floor(rate * seconds)
  const work = async (connection: Connection) => {
    for (;;) {
      if (issued >= total) return
      const due = started + (issued++ * 1000) / rate
      const wait = due - performance.now()
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
      const request = next()
      if (!request) return
      // A timer fires up to a millisecond late, which is not the server's doing.
      const begun = wait > 0 ? performance.now() : due
      check(await connection.send(request))
      latencies.push(performance.now() - begun)
    }
  }
  try {
    await Promise.all(open.map(work))
  } finally {
    for (const connection of open) connection.close()
  }
  const ended = performance.now()
  return {
    requests: latencies.length,
    seconds: (ended - started) / 1000,
    latencies: Float64Array.from(latencies).sort(),
  }
}
