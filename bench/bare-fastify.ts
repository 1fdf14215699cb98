/** What Fastify does with nothing behind it: a POST with a JSON body, answered with an object or a text that never changes. */
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'

const body = JSON.parse(readFileSync(process.argv[2], 'utf8')) as object
const text = JSON.stringify(body)
const app = Fastify({ logger: false })
app.post('/object', async () => body)
app.post('/text', (_request, reply) => {
  reply.type('application/json; charset=utf-8').send(text)
})
process.stdout.write(`${await app.listen({ port: 0, host: '127.0.0.1' })}\n`)
