import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { habitue } from './command.ts'

it('segments are defined, previewed, listed and shown on the command line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'habitue-segments-'))
  try {
    const place = { databaseUrl: null, dataFile: join(folder, 'shop.db') }
    const orders = join(folder, 'orders.csv')
    writeFileSync(
      orders,
      'order_id,customer,time,item,quantity,price\n1,ada,2026-01-01,tea,1,3000\n2,bob,2026-01-02,tea,1,5\n',
    )
    expect((await habitue(place, ['import', 'orders', orders])).code).toBe(0)
    const condition = join(folder, 'big.cel')
    writeFileSync(condition, "orders.sum('total') > 2500\n")
    const seen = await habitue(place, ['segments', 'preview', `@${condition}`])
    expect(seen.stdout).toBe('1 of 2 customers.\nFor example ada.\n')
    expect((await habitue(place, ['segments', 'put', 'big', `@${condition}`])).code).toBe(0)
    const listed = await habitue(place, ['--json', 'segments', 'list'])
    expect(listed.json.map(({ name }: { name: string }) => name)).toContain('big')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
