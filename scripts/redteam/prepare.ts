/** What an attacked shop has: keys, a known customer, people. */
import { send, type Target } from './target.ts'

export async function prepare(url: string, admin: string, logged: () => string): Promise<Target> {
  const bare: Target = { url, keys: { publishable: '', server: '', admin }, logged }
  const key = async (kind: string, origins?: string[]) => {
    const { json } = await send(bare, 'POST', '/v1/keys', { key: admin, body: { kind, name: 'redteam', origins } })
    return json.key as string
  }
  const keys = { admin, server: await key('server'), publishable: await key('publishable', ['https://shop.example']) }
  const target: Target = { url, keys, logged }
  const who = { userId: 'known', anonymousId: 'known-visitor' }
  const batch = [
    { type: 'identify', ...who, messageId: 'k1', traits: { name: 'Known Customer', email: 'known@example.org' } },
    { type: 'track', ...who, messageId: 'k2', event: 'Product Viewed', properties: { product_id: 'a' } },
  ]
  await send(target, 'POST', '/v1/batch', { key: keys.server, body: { batch } })
  for (const name of ['admin', 'timing']) {
    const person = { name, email: `${name}@shop.example`, role: 'auditor', password: 'correct horse battery staple' }
    await send(target, 'POST', '/v1/people', { key: admin, body: person })
  }
  return target
}
