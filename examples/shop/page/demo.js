// What a shop copies. Two things happen here: `analytics.track` tells what the visitor does, and `recommend` asks what to
// show him. Both use the publishable key, which may stand in a page: it reads an anonymous visitor's lists and nothing else.
const key = window.HABITUE_KEY
const departments = ['All', 'Coffee', 'Groceries', 'Flowers', 'Books', 'Electronics']
const find = (id) => document.getElementById(id)

let visitor // the SDK's anonymous id
let department = 'All'
let current // the item that is looked at, as the list gave it

/** Asks for lists; they share no item. Answers `{decisionId, placements: {home: {items}, ...}}`. */
async function recommend(request) {
  const response = await fetch(`${window.HABITUE}/v1/recommendations`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`${key}:`)}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ anonymousId: visitor, ...request }),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error?.message ?? `the server answered ${response.status}`)
  return answer
}

async function showShelf() {
  const filters = department === 'All' ? {} : { filters: { categories: [department] } }
  const { decisionId, placements } = await recommend({ placements: [{ name: 'popular', count: 18 }], ...filters })
  fill('shelf', placements.popular.items, decisionId)
}

async function showLists(why) {
  const placements = [{ name: 'home', count: 6 }]
  if (current) placements.unshift({ name: 'item', count: 3 })
  const { decisionId, placements: lists } = await recommend({ placements, item: current?.id })
  fill('home', lists.home.items, decisionId)
  if (lists.item) fill('similar', lists.item.items, decisionId)
  say(why)
}

/** The visitor looks at an item: tell it, and when it is told ask again. The answer knows of this click. */
async function look(item, decisionId) {
  current = item
  find('looking').hidden = false
  find('item-title').textContent = item.title
  find('item-price').textContent = money(item)
  find('item-title').focus()
  await tell('Product Viewed', item, { decision_id: decisionId })
  await showLists(`Chosen after you looked at ${item.title}.`)
}

async function add() {
  await tell('Product Added', current, { quantity: 1 })
  await showLists(`To go with ${current.title}.`)
}

async function refuse() {
  const { title } = current
  await tell('Product Refused', current)
  lookAway()
  await showLists(`${title} is not shown to you again.`)
}

function lookAway() {
  current = undefined
  find('looking').hidden = true
}

/** Sends one event about an item; done when the server has it. */
function tell(event, item, more = {}) {
  const { id, title, price, currency } = item
  return window.analytics.track(event, { product_id: id, name: title, price, currency, ...more })
}

/** One list of items, each with the reason for which it is there. */
function fill(list, items, decisionId) {
  find(list).replaceChildren(
    ...items.map((item) => {
      const button = document.createElement('button')
      button.type = 'button'
      const words = element('span', 'words')
      words.append(
        element('span', 'title', item.title),
        element('span', 'price', money(item)),
        element('span', 'why', item.text),
      )
      button.append(picture(item), words)
      button.onclick = () => attempt(() => look(item, decisionId))
      const entry = document.createElement('li')
      entry.append(button)
      return entry
    }),
  )
}

function element(name, className, text = '') {
  const node = document.createElement(name)
  node.className = className
  node.textContent = text // never innerHTML: a title is somebody else's text
  return node
}

function picture({ image }) {
  const node = document.createElement('img')
  node.alt = '' // the title stands beside it
  if (image) node.src = image
  return node
}

const money = ({ price, currency }) =>
  price === null ? '' : new Intl.NumberFormat('en', { style: 'currency', currency: currency ?? 'USD' }).format(price)

function say(text) {
  find('status').textContent = text
}

/** Whatever goes wrong is said on the page, and the shop stays usable. */
async function attempt(work) {
  try {
    await work()
  } catch (error) {
    say(`That did not work: ${error.message}`)
  }
}

async function open() {
  visitor = window.analytics.user().anonymousId()
  find('visitor').textContent = visitor.slice(0, 8)
  await Promise.all([showShelf(), showLists('Nothing is known of you yet: this is what others like.')])
}

find('add').onclick = () => attempt(add)
find('refuse').onclick = () => attempt(refuse)
find('forget').onclick = () => {
  window.analytics.reset() // a new anonymous id: nothing of before is his
  lookAway()
  attempt(open)
}
find('departments').append(
  ...departments.map((name) => {
    const button = element('button', 'pill', name)
    button.type = 'button'
    button.ariaPressed = String(name === department)
    button.onclick = () => {
      department = name
      for (const other of find('departments').children) other.ariaPressed = String(other === button)
      attempt(showShelf)
    }
    return button
  }),
)

// The SDK runs what waits in its list once it has loaded; where it was quicker than this file, it is asked itself.
const begin = () => attempt(open)
if (window.analytics.ready) window.analytics.ready(begin)
else window.analytics.push(['ready', begin])
