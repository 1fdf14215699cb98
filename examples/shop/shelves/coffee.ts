/** The bar, the beans, the teas, and what one makes them with. */
import { type Draft, leaningOf, rows, type Shelf, slug } from './draft.ts'

/** Name, price of the small and of the large cup, demand, styles, what it is. */
const drinks = rows(`
  Espresso       | 280 | 380 | 3   | bold              | A short, dense cup of the house blend.
  Ristretto      | 290 | 390 | .6  | bold bold:1.2     | Half the water of an espresso, all of its heart.
  Americano      | 320 | 390 | 1.4 | bold:.8 bright:.2 | An espresso lengthened with hot water.
  Filter Coffee  | 300 | 370 | 1.3 | bright            | Brewed by the batch, a new origin each week.
  Pour Over      | 450 | 560 | .6  | bright gear:.4    | One cup, one origin, four minutes.
  Cold Brew      | 420 | 510 | .9  | bright:.7 sweet:.3 | Steeped for sixteen hours, served over ice.
  Latte          | 430 | 510 | 2.8 | milky             | Espresso under a tall glass of steamed milk.
  Cappuccino     | 410 | 480 | 2.4 | milky bold:.3     | Espresso, milk and foam by thirds.
  Flat White     | 420 | 490 | 1.7 | milky:.8 bold:.5  | A double ristretto under silken milk.
  Cortado        | 380 | 450 | .8  | milky:.5 bold:.7  | Espresso cut with as much warm milk.
  Macchiato      | 340 | 410 | .7  | bold:.8 milky:.3  | Espresso marked with a spoon of foam.
  Oat Latte      | 460 | 540 | 1.2 | milky:.8 leaf:.3  | A latte with oat milk.
  Mocha          | 470 | 550 | 1   | sweet milky:.4    | Espresso, dark chocolate and milk.
  Caramel Latte  | 470 | 560 | 1   | sweet milky:.5    | A latte with salted caramel.
  Chai Latte     | 450 | 530 | .9  | leaf:.6 sweet:.6  | Black tea, spices and milk.
  Matcha Latte   | 470 | 550 | .8  | leaf milky:.3     | Stone-ground green tea and milk.
  Hot Chocolate  | 430 | 500 | .8  | sweet             | Melted, not stirred from powder.
  Decaf Espresso | 290 | 390 | .5  | bold:.5 leaf:.2   | The house blend without the caffeine.
  Decaf Latte    | 440 | 520 | .5  | milky:.8 leaf:.2  | A latte for the late afternoon.`)

const cups = [
  { size: 'small', volume: '8 oz', demand: 1 },
  { size: 'large', volume: '12 oz', demand: 0.7 },
] as const

const drinkDrafts: Draft[] = drinks.flatMap(([name, small, large, demand, style, text]) =>
  cups.map((cup) => ({
    id: `coffee-${slug(name)}-${cup.size}`,
    title: `${name}, ${cup.size}`,
    text,
    path: ['Drinks', /Tea|Chai|Matcha|Chocolate/.test(name) ? 'Without coffee' : 'Coffee drinks'],
    price: Number(cup.size === 'small' ? small : large),
    attributes: {
      size: cup.size,
      volume: cup.volume,
      caffeine: !/Decaf|Chocolate/.test(name),
      cold: name === 'Cold Brew',
    },
    leaning: leaningOf(style),
    demand: Number(demand) * cup.demand,
    group: `coffee-${slug(name)}`,
    deliveryDays: 0,
    colour: /Matcha/.test(name) ? '#8a9a5b' : /Latte|White|Cappuccino/.test(name) ? '#b98d63' : '#6b4630',
  })),
)

/** Origin, roast, notes, price of 250 g, styles. */
const beans = rows(`
  House Blend           | dark   | cocoa, toast, molasses       | 1190 | bold
  Napoli                | dark   | bitter chocolate, walnut     | 1290 | bold bold:1.1
  Sumatra Mandheling    | dark   | cedar, earth, spice          | 1390 | bold gear:.2
  Vienna Roast          | dark   | almond, caramel              | 1250 | bold:.7 milky:.5
  Brazil Cerrado        | medium | hazelnut, milk chocolate     | 1240 | milky:.7 bold:.4
  Colombia Huila        | medium | red apple, caramel           | 1350 | milky:.5 bright:.5
  Guatemala Antigua     | medium | orange, cocoa                | 1380 | bright:.6 bold:.4
  Mexico Chiapas        | medium | nougat, citrus               | 1320 | milky:.6 bright:.3
  Ethiopia Yirgacheffe  | light  | jasmine, bergamot            | 1590 | bright gear:.4
  Kenya Nyeri           | light  | blackcurrant, grapefruit     | 1690 | bright gear:.5
  Rwanda Nyamasheke     | light  | red berries, black tea       | 1560 | bright leaf:.3
  Panama Geisha         | light  | peach, jasmine, honey        | 3900 | bright gear
  Decaf Sugar Cane      | medium | toffee, plum                 | 1450 | milky:.5 leaf:.3
  Vanilla Hazel         | medium | vanilla, hazelnut            | 1290 | sweet`)

const bags = [
  { size: '250 g', factor: 1, demand: 1 },
  { size: '1 kg', factor: 3.5, demand: 0.45 },
] as const

const beanDrafts: Draft[] = beans.flatMap(([name, roast, notes, price, style]) =>
  bags.map((bag) => ({
    id: `beans-${slug(name)}-${slug(bag.size)}`,
    title: `${name}, whole beans, ${bag.size}`,
    text: `${roast[0].toUpperCase()}${roast.slice(1)} roast; tastes of ${notes}.`,
    path: ['Beans', `${roast[0].toUpperCase()}${roast.slice(1)} roast`],
    price: Math.round(Number(price) * bag.factor),
    attributes: { roast, notes, weight: bag.size, caffeine: !name.startsWith('Decaf') },
    leaning: leaningOf(style),
    demand: bag.demand,
    group: `beans-${slug(name)}`,
    colour: roast === 'dark' ? '#3d2a20' : roast === 'medium' ? '#6f4a2d' : '#a8743f',
  })),
)

const rest = rows(`
  Tea       | English Breakfast, 20 bags       | 690   | leaf classic:.2    | Assam and Ceylon, brisk and bright.
  Tea       | Earl Grey, 100 g                 | 1190  | leaf elegant:.2    | Black tea with oil of bergamot.
  Tea       | Darjeeling First Flush, 100 g    | 1890  | leaf               | Muscatel, from the spring picking.
  Tea       | Sencha, 100 g                    | 1490  | leaf green:.2      | Steamed green tea from Shizuoka.
  Tea       | Jasmine Pearls, 100 g            | 2190  | leaf               | Rolled by hand and scented seven nights.
  Tea       | Rooibos Vanilla, 100 g           | 990   | leaf sweet:.4      | Red bush without caffeine.
  Tea       | Peppermint, 20 bags              | 590   | leaf               | Nothing but leaves.
  Tea       | Masala Chai, 100 g               | 1090  | leaf sweet:.4      | Assam with cardamom and ginger.
  Tea       | Ceremonial Matcha, 30 g          | 2690  | leaf gear:.3       | Stone-ground, for the whisk.
  Equipment | Moka Pot, 3 cups                 | 3490  | bold gear:.6       | The pot of every kitchen in Naples.
  Equipment | Moka Pot, 6 cups                 | 4290  | bold gear:.6       | For a full table.
  Equipment | French Press, 1 l                | 3990  | bold:.5 gear:.5    | Steel mesh, double wall.
  Equipment | Dripper, ceramic                 | 2490  | bright gear        | A cone with spiral ribs.
  Equipment | Paper Filters, 100 pieces        | 690   | bright gear:.5     | For the ceramic dripper.
  Equipment | Hand Grinder                     | 8900  | bright:.6 gear     | Steel burrs, forty clicks.
  Equipment | Gooseneck Kettle                 | 7900  | bright:.7 gear     | Holds a degree as you pour.
  Equipment | Coffee Scale with Timer          | 5900  | bright:.7 gear     | To a tenth of a gram.
  Equipment | Milk Pitcher, 350 ml             | 2290  | milky gear:.6      | A sharp spout for the tulip.
  Equipment | Milk Frother                     | 4490  | milky sweet:.3     | Warm or cold foam at a touch.
  Equipment | Espresso Cups, set of 4          | 3290  | bold elegant:.3    | Thick walls keep the heat.
  Equipment | Latte Glasses, set of 2          | 2490  | milky              | Tall, for seeing the layers.
  Equipment | Travel Mug, 350 ml               | 2990  | bright:.3 milky:.3 | Does not leak in a bag.
  Equipment | Tea Pot, cast iron               | 5490  | leaf               | Keeps an hour's conversation warm.
  Syrup     | Vanilla Syrup, 250 ml            | 990   | sweet milky:.2     | With seeds of bourbon vanilla.
  Syrup     | Caramel Syrup, 250 ml            | 990   | sweet milky:.2     | Burnt just enough.
  Syrup     | Hazelnut Syrup, 250 ml           | 990   | sweet              | Roasted in Piedmont.`)

const restDrafts: Draft[] = rest.map(([kind, title, price, style, text]) => ({
  id: `${kind === 'Tea' ? 'tea' : 'coffee'}-${slug(title)}`,
  title,
  text,
  path: [kind],
  price: Number(price),
  attributes: { kind: kind.toLowerCase() },
  leaning: leaningOf(style),
  seasons: kind === 'Equipment' ? { december: 2 } : { winter: 1.3 },
  colour: kind === 'Tea' ? '#5f7f4f' : '#5a6470',
}))

export const coffeeShelf: Shelf = {
  department: 'Coffee',
  margin: 0.62,
  deliveryDays: 2,
  drafts: [...drinkDrafts, ...beanDrafts, ...restDrafts],
}
