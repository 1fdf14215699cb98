import { type Command, Option } from 'commander'
import { table } from './output.ts'
import { connected, type GlobalOptions, optionsOf, wholeNumber } from './surroundings.ts'

interface Review {
  readonly id: string
  readonly item: string
  readonly stars: number | null
  readonly title: string | null
  readonly text: string | null
  readonly verified: boolean
  readonly helpful: number
  readonly unhelpful: number
}

interface Ranked {
  readonly id: string
  readonly title: string | null
  readonly place: number
  readonly expected: number
  readonly low: number
  readonly high: number
  readonly text: string
}

/** `habitue reviews` */
export function reviewsCommand(program: Command): void {
  const reviews = program
    .command('reviews')
    .description('What customers say of items: rankings, reviews, and what shows.')
  reviews
    .command('ranking')
    .description('The best rated items.')
    .option('--category <name>', 'of this category')
    .option('--customer <id>', 'in the order of this customer’s taste')
    .option('--count <n>', 'how many', wholeNumber, 20)
    .action((_: unknown, command: Command) => ranking(optionsOf(command)))
  reviews
    .command('of <item>')
    .description('The reviews of an item.')
    .addOption(
      new Option('--order <order>', 'what comes first')
        .choices(['useful', 'newest', 'critical', 'favourable'])
        .default('useful'),
    )
    .option('--count <n>', 'how many', wholeNumber, 10)
    .action((item: string, _: unknown, command: Command) => ofItem(item, optionsOf(command)))
  reviews
    .command('list <state>')
    .description('Reviews that are pending, published or rejected.')
    .action((state: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const answer = (await connection.request('GET', `/v1/reviews?state=${encodeURIComponent(state)}`)) as {
          reviews: Review[]
        }
        out.result(answer, () => answer.reviews.map(described).join('\n') || `none is ${state}`)
      }),
    )
  const decide = (name: string, state: string, description: string) => {
    const command = reviews.command(`${name} <id>`).description(description)
    if (state === 'rejected')
      command.requiredOption(
        '--reason <reason>',
        'unlawful, off-topic, spam or personal-data; that it is critical is none',
      )
    command.option('--note <text>', 'for people of the shop, and for the customer’s own export')
    command.action((id: string, _: unknown, own: Command) => {
      const { reason, note } = optionsOf<{ reason?: string; note?: string }>(own)
      return connected(optionsOf(own), async (connection, out) => {
        await connection.request('PUT', `/v1/reviews/${encodeURIComponent(id)}/state`, { state, reason, note })
        out.result({ id, state }, () => `The review ${id} is ${state}.`)
      })
    })
  }
  decide('publish', 'published', 'Shows a review.')
  decide('reject', 'rejected', 'Hides a review, for a reason of the closed list.')
  decide('undecide', 'pending', 'Takes a decision back.')
}

function ranking(options: GlobalOptions & { category?: string; customer?: string; count: number }): Promise<void> {
  return connected(options, async (connection, out) => {
    const wanted = { category: options.category, customer: options.customer, limit: String(options.count) }
    const given = Object.entries(wanted).filter((pair): pair is [string, string] => pair[1] !== undefined)
    const answer = (await connection.request('GET', `/v1/rankings?${new URLSearchParams(given)}`)) as {
      items: Ranked[]
      orderedBy: { text: string }
      verified: number
      ratings: number
    }
    out.result(answer, () => {
      const rows = answer.items.map((one) => [
        String(one.place),
        one.title ?? one.id,
        `${one.expected.toFixed(2)} (${one.low.toFixed(2)} to ${one.high.toFixed(2)})`,
        one.text,
      ])
      const basis = `${answer.ratings} ratings, ${answer.verified} by verified buyers. ${answer.orderedBy.text}`
      return rows.length > 0 ? `${table(['', 'item', 'stars', ''], rows)}\n${basis}` : 'Nobody has rated anything yet.'
    })
  })
}

function ofItem(item: string, options: GlobalOptions & { order: string; count: number }): Promise<void> {
  return connected(options, async (connection, out) => {
    const query = new URLSearchParams({ order: options.order, limit: String(options.count) })
    const path = `/v1/items/${encodeURIComponent(item)}/reviews?${query}`
    const answer = (await connection.request('GET', path)) as {
      reviews: Review[]
      count: number
      verified: number
      orderedBy: { text: string }
    }
    out.result(answer, () => {
      const head = `${answer.count} reviews, ${answer.verified} by verified buyers. ${answer.orderedBy.text}`
      return [head, ...answer.reviews.map(described)].join('\n')
    })
  })
}

function described({ id, item, stars, title, text, verified, helpful, unhelpful }: Review): string {
  const words = [title, text].filter(Boolean).join(': ').replaceAll(/\s+/g, ' ').slice(0, 200)
  const mark = verified ? ', verified buyer' : ''
  return `${stars ?? '-'} stars  ${item}  ${id} (${helpful} helpful, ${unhelpful} not${mark})\n  ${words}`
}
