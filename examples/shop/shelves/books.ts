/** Invented books: titles from the words of a genre, authors with several books each, series, two formats. */
import { between, pick, stream } from '../draws.ts'
import { type Draft, leaningOf, type Shelf, slug } from './draft.ts'

interface Genre {
  readonly name: string
  readonly styles: string
  readonly first: readonly string[]
  readonly second: readonly string[]
  readonly about: string
  readonly colour: string
  readonly audience?: string
}

const words = (text: string) => text.split(',').map((word) => word.trim())

const genres: readonly Genre[] = [
  {
    name: 'Crime',
    styles: 'crime',
    first: words('The Silent, The Last, A Quiet, The Drowned, The Borrowed, Nobody’s, The Ninth, A Cold'),
    second: words('Witness, Harbour, Alibi, Verdict, Winter, Inspector, Ferry, Orchard'),
    about: 'A case that the police of a small port would rather close.',
    colour: '#3b4654',
    audience: '16',
  },
  {
    name: 'Science fiction',
    styles: 'future',
    first: words(
      'Beyond the, The Glass, Signals from the, The Second, Children of the, Engines of the, The Slow, After the',
    ),
    second: words('Orbit, Colony, Horizon, Archive, Sun, Machine, Armada, Signal'),
    about: 'A ship, a century late, and the people who must land it.',
    colour: '#27568a',
  },
  {
    name: 'Romance',
    styles: 'love',
    first: words(
      'A Summer in, Letters from, The Bakery in, Dancing in, One Winter in, Promises of, The Road to, Sundays in',
    ),
    second: words('Positano, Cornwall, Maple Street, Lisbon, Rose Lane, Vermont, Seaview, Montmartre'),
    about: 'Two people who both arrived for somebody else.',
    colour: '#c4607c',
  },
  {
    name: 'History',
    styles: 'past',
    first: words(
      'A History of, The Fall of, The Merchants of, The Roads of, Daily Life in, The Women of, Seven Days in, The Lost Maps of',
    ),
    second: words('Venice, Carthage, the Hanse, Byzantium, Florence, the Silk Road, Vienna, Alexandria'),
    about: 'Told from letters, ledgers and what was thrown away.',
    colour: '#8a6a3b',
  },
  {
    name: 'Popular science',
    styles: 'science',
    first: words(
      'How, Why, The Secret Life of, The Mathematics of, A Short Guide to, The Surprising Story of, Thinking about, The Physics of',
    ),
    second: words('Trees, Sleep, Numbers, Memory, Weather, Bees, Time, Kitchens'),
    about: 'What is known, how we know it, and what nobody knows yet.',
    colour: '#2f7f78',
  },
  {
    name: 'Cooking',
    styles: 'kitchen-table',
    first: words('Simply, The Art of, Sunday, Everyday, Grandmother’s, Slow, The Complete, Five Ingredients:'),
    second: words('Bread, Pasta, Vegetables, Cakes, Soups, Grilling, Preserves, Suppers'),
    about: 'A hundred recipes, tried in a kitchen with one oven.',
    colour: '#b5552f',
  },
  {
    name: 'Children',
    styles: 'young',
    first: words('Bruno the, Little, The Brave, Mila and the, Goodnight, The Sleepy, Captain, Where Is the'),
    second: words('Badger, Lighthouse, Tractor, Moon, Dragon, Penguin, Hedgehog, Train'),
    about: 'To be read aloud, again, and then once more.',
    colour: '#d39a2d',
    audience: 'all',
  },
  {
    name: 'Travel',
    styles: 'journey',
    first: words(
      'On Foot through, By Train to, A Year in, The Rivers of, Islands of, Slow Roads in, Notes from, Crossing',
    ),
    second: words('Patagonia, Japan, the Balkans, Iceland, Anatolia, the Sahara, Scotland, Oaxaca'),
    about: 'Maps, meals, and the kindness of strangers.',
    colour: '#3f8a5f',
  },
  {
    name: 'Literary fiction',
    styles: 'literary',
    first: words(
      'The Weight of, An Inventory of, The Grammar of, Small, What We Owe, The House of, In Praise of, A Theory of',
    ),
    second: words('Water, Absence, Mercies, Salt, Light, Ordinary Things, Silence, Winter'),
    about: 'Three generations, one apartment, and what was never said.',
    colour: '#6a5a7f',
  },
  {
    name: 'Horror',
    styles: 'dark',
    first: words(
      'The Hollow, It Waits in the, The Teeth of, The Hunger under, Black, The Thing beneath, The Crooked, Midnight at',
    ),
    second: words('Chapel, Cellar, Marsh, Mill, Forest, Hospital, Nursery, Hotel'),
    about: 'The new owners were told about the cellar. Twice.',
    colour: '#40232b',
    audience: '18',
  },
]

const givenNames = words(
  'Anna, Tom, Ines, David, Maud, Viktor, Leila, Jonas, Ruth, Emil, Clara, Hugo, Nadia, Simon, Vera, Piet',
)
const familyNames = words(
  'Halloran, Brandt, Okafor, Lindqvist, Moreau, Castell, Ferreira, Novak, Ashdown, Sato, Weller, Rossi, Dunne, Kaya, Ekholm, Price',
)

const titlesInGenre = 17

/** The same books for every seed: a shop's shelf is not what the seed is about. */
function genreDrafts(genre: Genre): Draft[] {
  const draw = stream('books', genre.name)
  const authors = Array.from({ length: 5 }, () => `${pick(draw, givenNames)} ${pick(draw, familyNames)}`)
  const titles = new Set<string>()
  while (titles.size < titlesInGenre) titles.add(`${pick(draw, genre.first)} ${pick(draw, genre.second)}`)
  return [...titles].flatMap((title, i) => {
    const author = authors[i % authors.length]
    const series = i < 9 ? `${author.split(' ')[1]} ${Math.floor(i / authors.length) + 1}` : undefined
    return formats(genre, title, author, series, between(draw, 1250, 2950), between(draw, 160, 720), i)
  })
}

function formats(
  genre: Genre,
  title: string,
  author: string,
  series: string | undefined,
  base: number,
  pages: number,
  i: number,
): Draft[] {
  const group = `book-${slug(title)}`
  const kinds = i % 3 === 0 ? (['hardcover', 'paperback'] as const) : (['paperback'] as const)
  return kinds.map((format) => ({
    id: `${group}-${format}`,
    title: `${title} (${format})`,
    text: `${author}: ${title}. ${genre.about}`,
    path: [genre.name],
    price: Math.round((format === 'hardcover' ? base * 1.7 : base) / 50) * 50 - 1,
    attributes: { author, format, pages, language: 'English', ...(series ? { series } : {}) },
    leaning: leaningOf(genre.styles),
    demand: format === 'hardcover' ? 0.5 : 1,
    seasons: { december: 1.9, summer: 1.1 },
    group: kinds.length > 1 ? group : undefined,
    audience: genre.audience,
    colour: genre.colour,
  }))
}

export const bookShelf: Shelf = {
  department: 'Books',
  margin: 0.38,
  deliveryDays: 3,
  drafts: genres.flatMap(genreDrafts),
}
