/** What a week needs. Each line: category, colour, then `title=price[:styles[:demand]]` in minor units. */
import { type Draft, leaningOf, rows, type Shelf, slug } from './draft.ts'

const table = rows(`
  Fruit & vegetables | #6a9a3b | classic:.3 | Bananas, 1 kg=199:family:3; Apples, Gala, 1 kg=349:family classic:2.4; Lemons, 4=199:baking mediterranean:1.6; Oranges, 1 kg=329; Blueberries, 250 g=449:baking vegan; Strawberries, 500 g=499:family; Avocados, 2=329:vegan asian:.3:1.6; Tomatoes on the vine, 500 g=349:mediterranean:2; Cucumber=129:family:1.5; Red peppers, 3=299:mediterranean; Aubergine=189:mediterranean; Courgettes, 500 g=229:mediterranean vegan; Spinach, 300 g=279:vegan; Kale, 250 g=249:vegan; Carrots, 1 kg=169:family:1.8; Potatoes, 2 kg=299:classic:2; Onions, 1 kg=159:classic:2; Garlic, 3 bulbs=149:mediterranean asian; Ginger, 200 g=179:asian; Pak choi=229:asian; Shiitake, 150 g=399:asian vegan; Basil in a pot=249:mediterranean; Coriander, bunch=149:asian; Pumpkin=389:baking
  Bakery | #c08a4a | classic:.4 | Sourdough loaf=549:classic mediterranean:2.2; Baguette=249:mediterranean:1.8; Rye bread=479; Toast, wholegrain=299:family:1.6; Croissants, 4=599:treats:1.4; Brioche=529:baking treats; Bagels, 5=449:family; Pitta, 6=279:mediterranean; Cinnamon rolls, 4=699:treats baking; Almond cake=899:treats; Gluten-free bread=599:vegan; Burger buns, 4=329:family
  Dairy & eggs | #7fa7c9 | family:.4 | Whole milk, 1 l=149:family:3; Skimmed milk, 1 l=139; Butter, 250 g=329:baking:2.2; Eggs, 10=399:baking family:2.6; Plain yoghurt, 500 g=249:classic:1.7; Greek yoghurt, 500 g=379:mediterranean; Strawberry yoghurt, 4=329:family treats; Cream, 200 ml=199:baking; Crème fraîche=189:classic; Quark, 500 g=269:baking; Buttermilk, 500 ml=159:baking; Cottage cheese=229
  Cheese | #d9b24a | mediterranean:.4 cellar:.3 | Mozzarella di bufala=429:mediterranean:1.5; Parmigiano, 200 g=689:mediterranean cellar; Pecorino, 200 g=629:mediterranean cellar; Feta, 200 g=379:mediterranean; Mature cheddar, 200 g=449:classic; Gouda slices=329:family:1.4; Brie=399:cellar; Comté, 200 g=729:cellar; Roquefort=549:cellar; Goat's cheese=429:cellar; Halloumi=449:mediterranean vegan:.2; Cheese sticks, 8=349:family
  Pasta, rice & grains | #b99b5f | classic:.2 | Spaghetti, 500 g=179:mediterranean family:2; Penne, 500 g=179:family; Tagliatelle with egg=299:mediterranean; Gnocchi=259:mediterranean; Basmati, 1 kg=399:asian:1.4; Jasmine rice, 1 kg=429:asian; Sushi rice, 500 g=349:asian; Risotto rice=389:mediterranean; Quinoa, 500 g=499:vegan; Red lentils, 500 g=279:vegan; Chickpeas, tin=119:vegan mediterranean:1.3; Couscous=199:mediterranean vegan; Rice noodles=229:asian; Soba=299:asian; Ramen, 5=549:asian treats
  Sauces & oils | #9c4a34 | classic:.2 | Passata, 700 g=199:mediterranean:1.7; Pesto Genovese=399:mediterranean; Olive oil, 750 ml=1299:mediterranean cellar:1.4; Olives, Kalamata=399:mediterranean; Balsamic vinegar=899:mediterranean cellar; Sunflower oil, 1 l=349:baking family; Soy sauce=329:asian; Fish sauce=349:asian; Sesame oil=549:asian; Miso=599:asian vegan; Coconut milk=219:asian vegan; Red curry paste=379:asian; Sriracha=449:asian; Ketchup=299:family; Mayonnaise=329:family; Tahini=599:vegan mediterranean; Mustard, Dijon=279:classic cellar
  Plant kitchen | #4d8b5a | vegan | Tofu, firm=279:vegan asian:1.4; Smoked tofu=329; Tempeh=399; Oat drink, 1 l=229:vegan:2; Almond drink, 1 l=299; Soy yoghurt=289; Vegan butter=349:vegan baking; Hummus=299:vegan mediterranean:1.3; Falafel mix=329; Plant burger, 2=499; Seitan=449; Nutritional yeast=599; Chia seeds=449; Peanut butter=449:vegan family
  Baking | #caa27a | baking | Flour, 1 kg=149:baking family:1.8; Wholemeal flour, 1 kg=219; Caster sugar, 1 kg=199:baking:1.4; Brown sugar, 500 g=229; Vanilla pods, 2=799; Baking powder=129; Dried yeast=149; Ground almonds=449; Dark chocolate, 70%, 200 g=449:baking treats; Cocoa, 250 g=499; Raisins=249; Icing sugar=179; Marzipan=349; Honey, 500 g=799:baking leaf:.2; Puff pastry=289
  Snacks & sweets | #a8527a | treats | Crisps, sea salt=279:treats family:1.6; Crisps, paprika=279; Tortilla chips=299; Salsa=329; Milk chocolate=229:treats family:1.4; Chocolate hazelnut bar=249; Gummy bears=199:treats family; Liquorice=229; Mochi, 6=599:treats asian; Wasabi nuts=349:treats asian; Shortbread=399:treats classic; Popcorn=249; Ice cream, vanilla=549:treats family; Ice cream, pistachio=649; Energy drink=229:treats; Ginger biscuits=299
  Breakfast | #d6a75c | family:.5 | Porridge oats=229:family vegan:1.5; Granola with nuts=549:vegan treats; Cornflakes=349; Chocolate cereal=399:family treats; Strawberry jam=379:classic baking; Marmalade, Seville=429:classic; Hazelnut spread=429:family treats; Maple syrup=899:baking treats; Muesli, no sugar=499:vegan
  Meat & fish | #b5564a | classic:.5 | Chicken breast, 500 g=749:family:1.6; Minced beef, 500 g=699:family classic; Salami=449:mediterranean cellar; Prosciutto=599:mediterranean cellar; Bacon=429:classic; Pork sausages, 6=549:classic family; Salmon fillet, 2=1099:asian classic; Tuna in olive oil=349:mediterranean; Prawns=899:asian mediterranean; Smoked trout=699:cellar; Fish fingers, 10=499:family; Duck breast=1299:cellar
  Drinks | #5a8fb0 | classic:.3 | Sparkling water, 6=399:classic:1.8; Still water, 6=349; Orange juice, 1 l=329:family:1.5; Apple juice, 1 l=249:family; Lemonade=229:treats; Cola, 6=549:treats; Kombucha=399:vegan; Tonic, 4=449:cellar; Ginger beer=299
  Household | #7a8794 | family:.3 classic:.3 | Kitchen roll, 4=449:family:1.5; Toilet paper, 8=599:classic family:2; Washing-up liquid=249:classic:1.3; Laundry powder=1099:family; Bin bags=299; Sponges, 5=199; Hand soap=329; Candles, 6=599:cellar; Baking paper=279:baking; Nappies, size 3=1499:family; Baby wipes=299:family`)

/** Sold to adults only. */
const cellar = rows(`
  Wine & beer | #7b2f47 | cellar | Chianti Classico=1690:mediterranean cellar; Rioja Crianza=1390; Pinot Noir, Oregon=2490; Riesling, dry=1490; Sancerre=2290; Prosecco=1290:treats cellar; Champagne brut=4490; Rosé de Provence=1490:mediterranean cellar; Pilsner, 6=990:treats cellar; Pale ale, 4=1090; Stout, 4=1190; Gin, small batch=3490; Vermouth=1890; Cider, dry=790`)

function drafts(lines: readonly string[][]): Draft[] {
  return lines.flatMap(([category, colour, common, list]) =>
    list.split(';').map((entry): Draft => {
      const [title, rest] = entry.trim().split('=')
      const [price, ...words] = rest.split(':')
      const { style, demand } = styleAndDemand(words.join(':'))
      return {
        id: `grocery-${slug(title)}`,
        title,
        text: `${category}: ${title.toLowerCase()}.`,
        path: [category],
        price: Number(price),
        attributes: attributesOf(title, category),
        leaning: { ...leaningOf(common), ...leaningOf(style) },
        demand,
        seasons: seasonsOf(title),
        audience: category === 'Wine & beer' ? '21' : undefined,
        colour,
      }
    }),
  )
}

/** `vegan asian:.3:1.6` -> styles `vegan asian:.3`, demand 1.6; the last number is the demand where a name precedes it. */
function styleAndDemand(words: string): { style: string; demand: number } {
  const last = words.split(' ').at(-1) ?? ''
  const cells = last.split(':')
  const hasDemand = cells.length === 3 || (cells.length === 2 && Number(cells[1]) > 1)
  if (!hasDemand) return { style: words, demand: 1 }
  return { style: words.slice(0, words.lastIndexOf(':')), demand: Number(cells.at(-1)) }
}

const animal =
  /milk|butter|yoghurt|cream|egg|quark|cheese|beef|chicken|salami|bacon|pork|salmon|tuna|prawn|trout|duck|fish/i

function attributesOf(title: string, category: string): Record<string, string | boolean> {
  const plant = category === 'Plant kitchen' || category === 'Fruit & vegetables' || category === 'Drinks'
  const animals = ['Meat & fish', 'Cheese'].includes(category) || (!plant && animal.test(title))
  return {
    vegan: !animals,
    organic: title.length % 3 === 0,
    nuts: /almond|hazelnut|peanut|nuts|marzipan|pistachio/i.test(title),
  }
}

function seasonsOf(title: string): Draft['seasons'] {
  if (/Strawberries|Courgettes|Ice cream|Rosé|Lemonade/.test(title)) return { summer: 2, winter: 0.4 }
  if (/Pumpkin|Kale/.test(title)) return { autumn: 2.2, spring: 0.4, summer: 0.3 }
  if (/Marzipan|Cinnamon|Ginger biscuits|Champagne|Cocoa/.test(title)) return { december: 3, winter: 1.4 }
  return undefined
}

export const grocerySections: readonly string[] = [...table, ...cellar].map(([category]) => category)

export const groceryShelf: Shelf = {
  department: 'Groceries',
  margin: 0.28,
  deliveryDays: 1,
  drafts: [...drafts(table), ...drafts(cellar)],
}
