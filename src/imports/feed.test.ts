import { describe, expect, it } from 'vitest'
import { simulatedWorld } from '../world.ts'
import { type FeedFormat, readFeed } from './feed.ts'

const now = simulatedWorld(1).now()

async function feed(chunks: (string | Uint8Array)[], format: FeedFormat | 'auto' = 'auto') {
  const all = { items: [] as unknown[], lines: [] as number[], bad: [] as (readonly [number, string])[] }
  for await (const { items, lines, bad } of readFeed(chunks, format, { now })) {
    all.items.push(...items)
    all.lines.push(...lines)
    all.bad.push(...bad.map(({ line, message }) => [line, message] as const))
  }
  return all
}

const rss = `<?xml version="1.0"?>
<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel>
<title>Corner shop</title><link>https://shop.example</link>
<item>
  <g:id>TV_123456</g:id>
  <g:title><![CDATA[Google Chromecast <4K>]]></g:title>
  <g:description>Stream &amp; watch</g:description>
  <g:link>https://shop.example/tv?a=1&amp;b=2</g:link>
  <g:image_link>https://shop.example/tv.jpg</g:image_link>
  <g:price>29.99 EUR</g:price>
  <g:sale_price>19.99 EUR</g:sale_price>
  <g:sale_price_effective_date>2024-12-01T00:00Z/2025-02-01T00:00Z</g:sale_price_effective_date>
  <g:availability>in_stock</g:availability>
  <g:product_type>Home &gt; TV &gt; Sticks</g:product_type>
  <g:google_product_category>223</g:google_product_category>
  <g:gtin>3234567890126</g:gtin>
  <g:item_group_id>TV</g:item_group_id>
  <g:brand>Google</g:brand><g:color>black</g:color>
  <g:shipping><g:country>DE</g:country><g:price>4.95 EUR</g:price></g:shipping>
</item>
<item><g:id>B1</g:id><g:price>cheap</g:price></item>
<item><g:title>No id</g:title></item>
<item><g:id>B2</g:id><title>Beer</title><b></item>
<item><g:id>B4</g:id><title>Beer & more; caf&eacute; <![CDATA[& <b>]]></title></item>
<item><g:id>B3</g:id><title>Whisky</title><g:adult>yes</g:adult><g:availability>out of stock</g:availability></item>
</channel></rss>`

describe('a Google Merchant feed', () => {
  it('in RSS becomes items; what is wrong with one is reported with its line, and the rest is kept', async () => {
    const { items, bad } = await feed([rss])
    expect(items[0]).toEqual({
      id: 'TV_123456',
      title: 'Google Chromecast <4K>',
      text: 'Stream & watch',
      url: 'https://shop.example/tv?a=1&b=2',
      image: 'https://shop.example/tv.jpg',
      price: 19.99,
      currency: 'EUR',
      stock: null,
      categories: ['Home', 'Home > TV', 'Home > TV > Sticks'],
      names: ['3234567890126'],
      group: 'TV',
      attributes: { brand: 'Google', color: 'black' },
    })
    expect(items[1]).toEqual({ id: 'B4', title: 'Beer & more; café & <b>' })
    expect(items[2]).toEqual({ id: 'B3', title: 'Whisky', audience: 'adult', stock: 0 })
    expect(items).toHaveLength(3)
    expect(bad.map(([line]) => line)).toEqual([21, 22, 23])
    expect(bad[0][1]).toContain('"price" = "cheap"')
    expect(bad[1][1]).toContain('"id" = nothing')
    expect(bad[2][1]).toContain('not well-formed XML')
  })

  it('is the same however it is cut', async () => {
    const whole = await feed([rss])
    const bytes = Buffer.from(rss)
    for (const size of [1, 7, 64]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      )
      expect(await feed(chunks, 'xml')).toEqual(whole)
    }
  })

  it('in Atom is read too', async () => {
    const { items } = await feed([
      `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">
       <entry><g:id>a</g:id><title>Tulips</title><link href="https://shop.example/tulips"/><g:price>5 GBP</g:price>
       <g:google_product_category>Home &gt; Plants</g:google_product_category></entry></feed>`,
    ])
    expect(items).toEqual([
      {
        id: 'a',
        title: 'Tulips',
        url: 'https://shop.example/tulips',
        price: 5,
        currency: 'GBP',
        categories: ['Home', 'Home > Plants'],
      },
    ])
  })

  it('that was cut off keeps what came before', async () => {
    const { items, bad } = await feed([rss.slice(0, rss.indexOf('Whisky'))])
    expect(items).toHaveLength(2)
    expect(bad.length).toBeGreaterThanOrEqual(3)
    expect(bad.at(-1)?.[1]).toContain('not well-formed XML')
  })

  it('in TSV, with names written with spaces', async () => {
    const { items, bad } = await feed([
      'id\ttitle\timage link\tlink\tprice\tavailability\tproduct type\tsale price\tsale price effective date\n',
      'a\t"Cup, ""blue"""\thttps://x/i.png\thttps://x/a\t12,50 EUR\tin stock\tHome > Cups\t9.00 EUR\t2020-01-01T00:00Z/2020-02-01T00:00Z\n',
      'b\tB\t\t\t3 EUR\tout of stock\t\t\t\n\tno id\t\t\t\t\t\t\t\n',
    ])
    expect(items).toEqual([
      {
        id: 'a',
        title: 'Cup, "blue"',
        image: 'https://x/i.png',
        url: 'https://x/a',
        price: 12.5,
        currency: 'EUR',
        stock: null,
        categories: ['Home', 'Home > Cups'],
      },
      { id: 'b', title: 'B', price: 3, currency: 'EUR', stock: 0 },
    ])
    expect(bad.map(([line]) => line)).toEqual([4])
  })
})

describe('a feed', () => {
  it('of JSON lines is checked line by line', async () => {
    const { items, lines, bad } = await feed([
      '\ufeff{"id":"a","stock":3}\n\n{"id":"b"\n{"id":"c","colour":"red"}\n{"id":"d"}'.slice(1),
    ])
    expect(items).toEqual([{ id: 'a', stock: 3 }, { id: 'd' }])
    expect(lines).toEqual([1, 5])
    expect(bad.map(([line]) => line)).toEqual([3, 4])
    expect(bad[1][1]).toContain('attributes')
  })

  it('in CSV takes usual names, attributes for the rest, lists, paths and words for stock', async () => {
    const { items, bad } = await feed([
      'SKU,Name,Category,Price,Stock,Colour,Sizes,Barcode\n',
      'a,Shirt,Clothing > Shirts,"1.299,00 €",sold out,red,S|M|L,4006381333931|4006381333948\n',
      'b,Socks,Clothing;Sale,4.5,12,,,\n',
      'c,Hat,,free,3,,,\n',
    ])
    expect(items).toEqual([
      {
        id: 'a',
        title: 'Shirt',
        categories: ['Clothing', 'Clothing > Shirts'],
        price: 1299,
        currency: 'EUR',
        stock: 0,
        names: ['4006381333931', '4006381333948'],
        attributes: { Colour: 'red', Sizes: ['S', 'M', 'L'] },
      },
      { id: 'b', title: 'Socks', categories: ['Clothing', 'Sale'], price: 4.5, stock: 12 },
    ])
    expect(bad).toEqual([[4, expect.stringContaining('"price" = "free"')]])
  })

  it('that is empty, a JSON list, or a table without ids is refused whole', async () => {
    await expect(feed([' \n'])).rejects.toMatchObject({ code: 'invalid_file' })
    await expect(feed(['[{"id":"a"}]'])).rejects.toMatchObject({ code: 'invalid_file' })
    await expect(feed(['title,price\nA,1\n'])).rejects.toMatchObject({ code: 'missing_column' })
  })

  it('of thousands of rows keeps them all, in order', async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => `i${i},Item ${i}\n`)
    const { items, lines, bad } = await feed(['id,title\n', ...rows])
    expect([items.length, bad.length, lines[0], lines.at(-1)]).toEqual([5000, 0, 2, 5001])
    expect(items[4321]).toEqual({ id: 'i4321', title: 'Item 4321' })
  })

  it('in UTF-16, as spreadsheets save it', async () => {
    const { items } = await feed([Buffer.from('\ufeffid\ttitle\na\tCafé\n', 'utf16le')])
    expect(items).toEqual([{ id: 'a', title: 'Café' }])
  })
})
