/** Cut flowers, plants, and what holds them. Bouquets come in three sizes of one group. */
import { type Draft, leaningOf, rows, type Shelf, slug } from './draft.ts'

/** Name, price of the small one, styles, colour, seasons (words read by `seasonsOf`), what is in it. */
const bouquets = rows(`
  Twelve Red Roses       | 3900 | romantic          | #b3243a | valentine       | Red roses, long stems.
  White Roses            | 3900 | romantic elegant:.8 | #d8d3c4 |               | White roses and eucalyptus.
  Blush                  | 3400 | romantic          | #e0a3a8 | spring          | Pink roses, ranunculus, waxflower.
  Peony Cloud            | 4500 | romantic elegant:.5 | #e58fae | spring        | Peonies, and nothing else.
  Tulip Field            | 2400 | wild:.6 romantic:.5 | #d9583b | spring       | Thirty tulips of five colours.
  Daffodils & Blossom    | 2200 | wild              | #e3c23f | spring          | Daffodils with branches of cherry.
  Meadow                 | 2900 | wild              | #7d9b4f | summer          | What the field had this morning.
  Sunflower Row          | 2700 | wild              | #e0a526 | summer          | Seven sunflowers.
  Cornflower & Grass     | 2800 | wild green:.3     | #5b74b8 | summer          | Cornflowers, oats, camomile.
  Dahlia Market          | 3200 | wild romantic:.4  | #a83e5c | autumn          | Dahlias from the last warm week.
  Harvest                | 3000 | wild elegant:.3   | #b8692c | autumn          | Chrysanthemums, rose hips, wheat.
  White Orchid           | 4200 | elegant           | #cfc6d6 |                 | Cut phalaenopsis in one curve.
  Calla                  | 4400 | elegant           | #b9b49c |                 | Ten white callas.
  Black Tie              | 4900 | elegant           | #4b3a4f |                 | Burgundy roses, black calla, fern.
  Ikebana No. 3          | 5200 | elegant green:.5  | #6e7f6a |                 | Three stems, one bowl.
  Amaryllis              | 3300 | elegant romantic:.3 | #b8342c | winter        | Five red amaryllis.
  Winter Berries         | 2900 | wild:.7 elegant:.4 | #8c2f39 | winter         | Ilex, pine and silver.
  Hellebore              | 3100 | wild elegant:.4   | #8aa08a | winter          | Christmas roses with moss.
  Mother's Garden        | 3600 | romantic wild:.5  | #c97b9d | spring          | Stocks, sweet peas and roses.
  Lavender Bunch         | 1900 | wild romantic:.3  | #8673b5 | summer          | Dries well, smells for months.`)

const sizes = [
  { size: 'S', factor: 1, demand: 0.8 },
  { size: 'M', factor: 1.45, demand: 1 },
  { size: 'L', factor: 2.1, demand: 0.5 },
] as const

const seasonal = { spring: 1, summer: 1, autumn: 1, winter: 1 }

function seasonsOf(word: string): Draft['seasons'] {
  if (word === 'valentine') return { winter: 1.3 }
  if (word === '') return undefined
  return { ...Object.fromEntries(Object.keys(seasonal).map((season) => [season, 0.25])), [word]: 2.4 }
}

const bouquetDrafts: Draft[] = bouquets.flatMap(([name, price, style, colour, season, text]) =>
  sizes.map((size) => ({
    id: `flowers-${slug(name)}-${size.size.toLowerCase()}`,
    title: `${name}, ${size.size}`,
    text,
    path: [
      'Bouquets',
      style.split(/[ :]/)[0] === 'romantic'
        ? 'Roses & romance'
        : style.startsWith('wild')
          ? 'Field & garden'
          : 'Form & line',
    ],
    price: Math.round((Number(price) * size.factor) / 100) * 100,
    attributes: { size: size.size, season: season === 'valentine' ? 'all year' : season || 'all year', lilies: false },
    leaning: leaningOf(style),
    demand: size.demand * 1.4,
    seasons: seasonsOf(season),
    group: `flowers-${slug(name)}`,
    deliveryDays: 1,
    colour,
  })),
)

const rest = rows(`
  Plants | Monstera                 | 3900 | green             | #3f7a4a | Splits its leaves for more light.
  Plants | Fiddle Fig               | 5900 | green elegant:.3  | #4f7a3f | Tall, and stays where it is put.
  Plants | Snake Plant              | 2400 | green             | #5b7a4a | Forgives a holiday.
  Plants | Pothos                   | 1600 | green             | #5f9a4f | Trails from any shelf.
  Plants | String of Pearls         | 1900 | green             | #7aa06a | Little water, much sun.
  Plants | Calathea                 | 2700 | green             | #5a7f6a | Folds its leaves at night.
  Plants | Boston Fern              | 2100 | green wild:.2     | #4a8a3f | For the bathroom.
  Plants | Olive Tree               | 4900 | green elegant:.4  | #7f8a5f | A balcony in Liguria.
  Plants | Lemon Tree               | 5400 | green mediterranean:.3 | #c9b83f | Flowers and fruit at once.
  Plants | Aloe Vera                | 1500 | green             | #6a9a7a | For the windowsill.
  Plants | Bonsai, Juniper          | 6900 | green elegant:.7  | #4a6a4f | Twelve years old.
  Plants | Orchid in a Pot          | 2900 | elegant green:.4  | #b08ab8 | Two stems, three months.
  Plants | Peace Lily               | 2300 | green elegant:.3  | #8aa89a | Tells you when it is thirsty.
  Plants | Cactus Trio              | 1800 | green             | #6a8a5a | Three pots, no thirst.
  Plants | Herb Box                 | 1700 | green kitchen-table:.2 | #5a8a3f | Basil, thyme, rosemary.
  Plants | Lavender in a Pot        | 1400 | wild green:.4     | #8673b5 | Bees like it too.
  Plants | Hydrangea in a Pot       | 2600 | romantic green:.4 | #6f8fc4 | Blue, as long as the soil is sour.
  Plants | Terrarium                | 5900 | green             | #4a7a6a | A closed world that waters itself.
  Dried  | Pampas Grass             | 2900 | elegant wild:.4   | #c9b48a | Seven plumes.
  Dried  | Dried Meadow             | 3400 | wild              | #b89a6a | A summer kept.
  Dried  | Cotton Branch            | 1900 | elegant           | #d8cfc0 | Soft for years.
  Dried  | Wreath of Eucalyptus     | 3900 | green elegant:.5  | #8aa08f | For the door.
  Dried  | Advent Wreath            | 4900 | elegant romantic:.3 | #4f6a4a | Four candles, fir, cones.
  Vases  | Vase, clear, 20 cm       | 1900 | romantic elegant:.3 | #a9c0c9 | Holds a dozen roses.
  Vases  | Vase, stoneware          | 3400 | wild elegant:.4   | #a89a85 | Heavy enough for branches.
  Vases  | Vase, black, slim        | 3900 | elegant           | #3f3f44 | For a single stem.
  Vases  | Bud Vases, 3             | 2400 | wild romantic:.4  | #9ab0a0 | For what the garden gives.
  Vases  | Planter, terracotta      | 2200 | green             | #b86f4a | Breathes.
  Vases  | Watering Can             | 2900 | green             | #7a8a7a | A long spout, no drops.
  Vases  | Misting Bottle           | 1400 | green             | #9ab8a8 | Brass and glass.`)

const restDrafts: Draft[] = rest.map(([kind, title, price, style, colour, text]) => ({
  id: `${kind === 'Plants' ? 'plant' : 'flowers'}-${slug(title)}`,
  title,
  text,
  path: [kind],
  price: Number(price),
  attributes: { kind: kind.toLowerCase(), lilies: /Lily/.test(title) },
  leaning: leaningOf(style),
  seasons: /Advent/.test(title)
    ? { december: 8, spring: 0.05, summer: 0.02, autumn: 0.5, winter: 0.5 }
    : { spring: 1.4 },
  deliveryDays: 2,
  colour,
}))

export const flowerShelf: Shelf = {
  department: 'Flowers',
  margin: 0.5,
  deliveryDays: 1,
  drafts: [...bouquetDrafts, ...restDrafts],
}
