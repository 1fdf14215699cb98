/**
 * Writes the shop into a folder: `catalogue.jsonl`, `events.jsonl`, `truth.json`.
 *
 *     node examples/shop/write.ts FOLDER [--seed 1] [--customers 3000] [--days 365] [--events 250000] [--start 2025-11-01]
 */
import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { generateShop, type Shop } from './generate.ts'

/** Writes the three files into `folder`, which is made where it does not exist. */
export async function writeShop({ catalogue, events, truth }: Shop, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeLines(join(folder, 'catalogue.jsonl'), catalogue)
  await writeLines(join(folder, 'events.jsonl'), events)
  await writeFile(join(folder, 'truth.json'), `${JSON.stringify(truth)}\n`)
}

async function writeLines(file: string, values: readonly unknown[]): Promise<void> {
  await pipeline(Readable.from(inChunks(values)), createWriteStream(file))
}

function* inChunks(values: readonly unknown[]): Generator<string> {
  for (let i = 0; i < values.length; i += 1000)
    yield values
      .slice(i, i + 1000)
      .map((value) => `${JSON.stringify(value)}\n`)
      .join('')
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: '1' },
      customers: { type: 'string' },
      days: { type: 'string' },
      events: { type: 'string' },
      start: { type: 'string' },
    },
  })
  const [folder] = positionals
  if (!folder) {
    console.error(
      'usage: node examples/shop/write.ts FOLDER [--seed N] [--customers N] [--days N] [--events N] [--start DATE]',
    )
    process.exit(2)
  }
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text))
  const shop = generateShop({
    seed: Number(values.seed),
    customers: number(values.customers),
    days: number(values.days),
    events: number(values.events),
    start: values.start ? Date.parse(values.start) : undefined,
  })
  await writeShop(shop, folder)
  console.log(`${shop.catalogue.length} items and ${shop.events.length} events written to ${folder}`)
}
