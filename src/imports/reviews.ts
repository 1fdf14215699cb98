/** Rows of reviews (user, item, stars, title, text, votes, time) -> one `Product Reviewed` each. */
import { type ConvertContext, fieldsIn, identityOf, indexOfField, quote, readId, readNumber, Times } from './columns.ts'
import { stars } from './interactions.ts'
import { type Converter, messageIdOf } from './messages.ts'

/** What a file says of a purchase is not taken over: it is derived from the orders. */
export function reviewConverter(context: ConvertContext): Converter {
  const { mapping, sink, hash } = context
  const at = (field: string) => indexOfField(mapping, field)
  const [user, anonymous, item, value, time] = ['user', 'anonymous', 'item', 'value', 'time'].map(at)
  const texts = [
    ['review', 'review_id'],
    ['title', 'review_title'],
    ['text', 'review_body'],
    ['author', 'author'],
  ].map(([field, name]) => ({ name, index: at(field) }))
  const counts = [
    ['helpful', 'helpful_votes'],
    ['votes', 'votes'],
  ].map(([field, name]) => ({ name, index: at(field) }))
  const further = fieldsIn(mapping, 'properties')
  const times = new Times(mapping, context.modified)
  const [low, high] = mapping.ratings

  return {
    row(line, fields) {
      const userId = user < 0 ? '' : readId(sink, line, 'user', fields[user], anonymous < 0)
      const anonymousId = anonymous < 0 ? '' : readId(sink, line, 'session', fields[anonymous], userId === '')
      const product = readId(sink, line, 'item', fields[item], true)
      if (userId === null || anonymousId === null || product === null) return
      const properties: Record<string, unknown> = { product_id: product }
      if (value >= 0 && fields[value] !== '') {
        const given = readNumber(context, line, 'rating', fields[value], 0)
        if (given === null) return
        if (given < low || given > high) {
          sink.refuse(line, `the rating is ${given}; expected ${low} to ${high}`)
          return
        }
        properties.rating = stars(given, low, high)
      }
      for (const { name, index } of texts)
        if (index >= 0 && fields[index].trim() !== '') properties[name] = fields[index]
      if (properties.rating === undefined && properties.review_body === undefined) {
        sink.refuse(line, 'it has neither a rating nor a text')
        return
      }
      for (const { name, index } of counts) {
        if (index < 0 || fields[index] === '') continue
        const count = readNumber(context, line, name, fields[index], 0)
        if (count === null) return
        if (!Number.isInteger(count) || count < 0) {
          sink.refuse(line, `the number of votes is ${quote(fields[index])}; expected a whole number`)
          return
        }
        properties[name] = count
      }
      // A column of helpful votes alone: of the others nothing is known.
      if (properties.helpful_votes !== undefined && properties.votes === undefined)
        properties.votes = properties.helpful_votes
      for (const { name, index } of further) if (fields[index] !== '') properties[name] = fields[index]
      const timestamp = times.of(sink, line, time < 0 ? undefined : fields[time], userId || anonymousId)
      if (timestamp === null) return
      const messageId = messageIdOf(hash, line)
      const who = identityOf(userId, anonymousId)
      sink.put({ type: 'track', messageId, ...who, timestamp, event: 'Product Reviewed', properties })
    },
    end() {},
  }
}
