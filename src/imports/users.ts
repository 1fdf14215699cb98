/** Rows of users -> one identify each; every further column is a trait. */
import { type ConvertContext, fieldsIn, identityOf, indexOfField, readId } from './columns.ts'
import { type Converter, messageIdOf } from './messages.ts'
import { timeReader } from './values.ts'

/** Codes that are written with digits are texts: 01234 is not 1234. */
const codes = /zip|post|phone|mobile|code|number|ean|sku|id$/i
const canonicalNumber = /^-?(?:0|[1-9]\d{0,14})(?:\.\d*[1-9])?$/

export function userConverter(context: ConvertContext): Converter {
  const { mapping, sink, hash, modified } = context
  const [user, anonymous, time] = ['user', 'anonymous', 'time'].map((field) => indexOfField(mapping, field))
  const traits = fieldsIn(mapping, 'traits')
  const email = traits.find(({ name }) => name === 'email')?.index ?? -1
  const read = timeReader(mapping.time)

  return {
    row(line, fields) {
      const named = email >= 0 && fields[email].trim() !== ''
      const userId = user < 0 ? '' : readId(sink, line, 'user', fields[user], anonymous < 0 && !named)
      const anonymousId = anonymous < 0 ? '' : readId(sink, line, 'session', fields[anonymous], userId === '' && !named)
      if (userId === null || anonymousId === null) return
      if (userId === '' && anonymousId === '' && !named) {
        sink.refuse(line, 'it names nobody; expected a user or an e-mail address')
        return
      }
      // Without a time of its own, what the file says was so when the file was written.
      const timestamp = time < 0 || fields[time] === '' ? modified : read(fields[time])
      if (timestamp === null) {
        sink.refuse(line, `the time is ${JSON.stringify(fields[time])}; expected one like the others of its column`)
        return
      }
      const values: Record<string, unknown> = {}
      for (const { name, index } of traits) {
        const text = fields[index].trim()
        if (text !== '') values[name] = traitOf(name, text)
      }
      const messageId = messageIdOf(hash, line)
      sink.put({ type: 'identify', messageId, ...identityOf(userId, anonymousId), timestamp, traits: values })
    },
    end() {},
  }
}

/** A number or a truth value where the text is written as one and is no code. */
export function traitOf(name: string, text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return canonicalNumber.test(text) && !codes.test(name) ? Number(text) : text
}
