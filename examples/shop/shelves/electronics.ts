/** Devices of invented makers. A *tier* is a maker's good, better and best; some come in sizes. */
import { type Draft, leaningOf, rows, type Shelf, slug } from './draft.ts'

/** Category, product line, styles, price of the first tier, growth between tiers, colour, names of the tiers. */
const lines = rows(`
  Headphones      | Aurio Over-ear    | audio            | 8900   | 1.9 | #3a3f55 | One; Studio; Reference
  Headphones      | Aurio Buds        | audio body:.3    | 5900   | 1.7 | #55607a | Air; Pro
  Headphones      | Norrland Wired    | audio office:.2  | 3900   | 2.2 | #4a4a4a | 20; 40; 80
  Speakers        | Aurio Shelf       | audio home:.3    | 17900  | 1.9 | #6b4f3a | S; M; L
  Speakers        | Pebble Portable   | audio gaming:.2  | 4900   | 1.7 | #4f7a8a | Mini; Go; Max
  Speakers        | Soundline Bar     | audio gaming:.3  | 24900  | 1.8 | #2f2f38 | 2.1; 5.1
  Turntables      | Rondo             | audio            | 22900  | 2.1 | #7a5a3f | Start; Classic; Master
  Cameras         | Lumen Mirrorless  | photo            | 89900  | 1.75 | #2d2d2d | X2; X5; X9
  Cameras         | Lumen Compact     | photo journey:.3 | 39900  | 1.6 | #4a4340 | C1; C3
  Cameras         | Kestrel Drone     | photo gaming:.2  | 49900  | 1.9 | #8a8f96 | Mini; Pro
  Lenses          | Lumen Lens        | photo            | 29900  | 1.8 | #25323d | 35 mm; 50 mm; 85 mm; 24-70 mm
  Photo supplies  | Tripod            | photo            | 5900   | 2.1 | #5a5a5a | Travel; Carbon
  Photo supplies  | Memory Card       | photo gaming:.2  | 1900   | 1.8 | #b8862d | 64 GB; 128 GB; 256 GB
  Photo supplies  | Camera Bag        | photo            | 4900   | 1.7 | #6a5f4a | Sling; Backpack
  Consoles        | Quanta            | gaming           | 34900  | 1.6 | #2b3a8a | Lite; Q
  Game gear       | Vex Controller    | gaming           | 5900   | 1.8 | #7a2f5a | Standard; Elite
  Game gear       | Vex Headset       | gaming audio:.2  | 6900   | 1.8 | #5a2f7a | H1; H3
  Game gear       | Vex Keyboard      | gaming office:.3 | 7900   | 1.6 | #3f2f6a | TKL; Full
  Game gear       | Vex Mouse         | gaming office:.2 | 3900   | 1.8 | #4a2f5f | Light; Pro
  Monitors        | Clarion Monitor   | gaming:.6 office:.6 | 19900 | 1.7 | #2f4a5a | 24; 27; 32; 34 wide
  Televisions     | Clarion TV        | gaming:.5 home:.6 | 49900 | 1.75 | #22303a | 43; 55; 65; 77
  Laptops         | Meridian Book     | office           | 99900  | 1.5 | #8a929a | 13; 14; 16; 16 Max
  Laptops         | Meridian Creator  | photo:.6 office:.4 | 189900 | 1.45 | #5f666e | 14; 16
  Laptops         | Vex Blade         | gaming           | 159900 | 1.4 | #2a2a3f | 15; 17; 18
  Tablets         | Meridian Tab      | office:.5 young:.3 | 29900 | 1.6 | #6f7f8f | 8; 11; 13
  Office          | Papyr Printer     | office           | 12900  | 1.7 | #7a7f84 | Home; Duplex
  Office          | Dock              | office           | 8900   | 1.6 | #5a6570 | 6-in-1; 12-in-1
  Office          | Webcam            | office gaming:.2 | 5900   | 1.8 | #4a5560 | HD; 4K
  Office          | Quiet Keyboard    | office           | 4900   | 1.8 | #6a7480 | Compact; Split
  Office          | Desk Lamp         | office home:.3   | 4900   | 1.7 | #b8a04a | Clamp; Arc
  Smart home      | Hearth Hub        | home             | 9900   | 1.6 | #3f7a7f | Mini; Plus
  Smart home      | Hearth Bulbs      | home             | 2900   | 1.7 | #c9a03f | White; Colour
  Smart home      | Hearth Thermostat | home             | 12900  | 1.4 | #7a4f3f | E; Pro
  Smart home      | Hearth Camera     | home photo:.1    | 6900   | 1.7 | #5f6f7f | Indoor; Outdoor
  Smart home      | Robot Vacuum      | home family:.3   | 24900  | 1.8 | #4a4f55 | R1; R5; R9
  Kitchen         | Stand Mixer       | cooking baking:.4 | 27900 | 1.6 | #b8423a | Classic; Pro
  Kitchen         | Food Processor    | cooking          | 12900  | 1.7 | #8a4a3a | Compact; XL
  Kitchen         | Blender           | cooking vegan:.3 | 6900   | 1.9 | #5a8a4a | Glass; Power
  Kitchen         | Air Fryer         | cooking family:.3 | 8900  | 1.6 | #3a3a3a | 4 l; 7 l
  Kitchen         | Espresso Machine  | cooking bold:.6 gear:.5 | 29900 | 2.1 | #8a3a2a | Piccolo; Duetto; Maestro
  Kitchen         | Electric Grinder  | cooking gear     | 12900  | 1.9 | #4a3a30 | Conical; Flat 64
  Kitchen         | Bread Maker       | cooking baking   | 9900   | 1.5 | #b88a4a | 500; 900
  Kitchen         | Kitchen Scale     | cooking          | 2400   | 1.6 | #7f8a90 | Basic; Precise
  Health          | Bathroom Scale    | body             | 3900   | 1.8 | #5a8a8f | Easy; Body
  Health          | Sleep Lamp        | body home:.3     | 7900   | 1.5 | #c98a4a | Dawn; Dawn Plus
  Health          | Massage Gun       | body             | 8900   | 1.6 | #4a6a5f | Mini; Pro
  Cables          | USB-C Cable       | office:.4 gaming:.2 | 1400 | 1.5 | #8f8f8f | 1 m; 2 m
  Cables          | Power Bank        | journey:.2 photo:.2 | 2900 | 1.7 | #3f4f5f | 10,000; 20,000
  Cables          | Charger           | office:.3        | 2400   | 1.7 | #6f6f6f | 30 W; 65 W; 100 W`)

/** Wearables come in sizes: what is ordered in the wrong one comes back. */
const worn = rows(`
  Wearables | Stride Watch    | body             | 19900 | #3f6a5a
  Wearables | Stride Watch Pro | body journey:.3 | 34900 | #2f4a4a
  Wearables | Pulse Band      | body             | 5900  | #5a7f6a
  Wearables | Leather Strap   | body elegant:.3  | 3900  | #7a4f33
  Wearables | Sport Strap     | body             | 2400  | #3f7f9a
  Wearables | Heart-rate Belt | body             | 6900  | #4a4a5a`)

const games = rows(`
  Farm Valley      | all | Sow, harvest, marry the baker.
  Kart Legends     | all | Twelve tracks, four on one sofa.
  Puzzle Harbour   | all | Ships, ropes, and no clock.
  Star Courier     | 12  | Deliver parcels across a war.
  Dragon's Ledger  | 12  | A role-playing game about debts.
  City of Brass    | 12  | Build, tax, regret.
  Ninth Gate       | 16  | Sneak through a palace of mirrors.
  Iron Front       | 18  | A shooter for strong nerves.
  Hollow Hospital  | 18  | Do not look behind you.
  Rally Nordic     | all | Snow, gravel, and a co-driver.`)

const tiers: Draft[] = lines.flatMap(([category, name, style, price, growth, colour, names]) =>
  names.split(';').map((tier, level): Draft => {
    const amount = Number(price) * Number(growth) ** level
    return {
      id: `tech-${slug(`${name} ${tier}`)}`,
      title: `${name} ${tier.trim()}`,
      text: `${category}: ${name} ${tier.trim()}, ${['for the start', 'for every day', 'for those who hear, see or feel the difference', 'without compromise'][level]}.`,
      path: [category],
      price: Math.round(amount / 1000) * 1000 - 100,
      attributes: { brand: name.split(' ')[0], tier: level + 1, warrantyYears: level > 0 ? 3 : 2 },
      leaning: leaningOf(style),
      demand: (amount > 60_000 ? 0.7 : 1) / (1 + 0.5 * level),
      seasons: { december: 1.8 },
      deliveryDays: amount > 100_000 ? 4 : 2,
      colour,
    }
  }),
)

const sized: Draft[] = worn.flatMap(([category, name, style, price, colour]) =>
  ['S', 'M', 'L'].map(
    (size): Draft => ({
      id: `tech-${slug(name)}-${size.toLowerCase()}`,
      title: `${name}, ${size}`,
      text: `${name} for a ${{ S: 'narrow', M: 'middle', L: 'broad' }[size]} wrist or chest.`,
      path: [category],
      price: Number(price),
      attributes: { brand: name.split(' ')[0], size },
      leaning: leaningOf(style),
      demand: 1.1,
      seasons: { december: 1.8, spring: 1.2 },
      group: `tech-${slug(name)}`,
      deliveryDays: 2,
      colour,
    }),
  ),
)

const gameDrafts: Draft[] = games.map(([title, audience, text]) => ({
  id: `game-${slug(title)}`,
  title,
  text,
  path: ['Games'],
  price: 4900,
  attributes: { platform: 'Quanta', players: audience === 'all' ? 4 : 1 },
  leaning: leaningOf(audience === '18' ? 'gaming dark:.5' : 'gaming young:.2'),
  seasons: { december: 2.2 },
  audience,
  deliveryDays: 2,
  colour: '#5a3f8a',
}))

export const electronicsShelf: Shelf = {
  department: 'Electronics',
  margin: 0.22,
  deliveryDays: 2,
  drafts: [...tiers, ...sized, ...gameDrafts],
}
