/** A message on the shop's own pages: it is there as soon as its row says so, and the customer finds it when he comes. */
import type { Channel } from './channel.ts'

export function onSiteChannel(): Channel {
  return {
    name: 'on-site',
    addressKind: null,
    // To put it there twice is to put it there once: the row is the message.
    repeatable: true,
    async deliver(_parcel, begin) {
      return (await begin()) === null ? 'taken' : { kind: 'sent', response: '' }
    },
    close: async () => {},
  }
}
