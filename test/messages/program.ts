/** For tests: another program that is called by HTTP, and notes what it took. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Program {
  /** What it answers; it takes only what it answers with 200. */
  status: number
  readonly got: { readonly key: string; readonly kind: string; readonly body: Record<string, unknown> }[]
  readonly url: string
  close(): void
}

export async function startProgram(): Promise<Program> {
  const got: Program['got'] = []
  const http = createServer(async (request, response) => {
    let text = ''
    for await (const part of request) text += part
    const { 'idempotency-key': key, 'habitue-event': kind } = request.headers
    if (program.status === 200) got.push({ key: String(key), kind: String(kind), body: JSON.parse(text) })
    response.writeHead(program.status).end()
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/hook`
  const program: Program = { status: 200, got, url, close: () => http.close() }
  return program
}
