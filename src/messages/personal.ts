/** What this folder holds of a customer: what he was sent, what he clicked, to whom of the shop he was given. */
import { type Holder, heldRows } from '../db/personal.ts'

const messages = heldRows({
  table: 'messages',
  title: 'Messages to you',
  identifier: 'identifier',
  shown: [
    ...['created', 'sent', 'channel', 'purpose', 'address', 'subject', 'state', 'reason', 'template', 'journey'],
    ...['response', 'request', 'links', 'content', 'seen', 'dismissed', 'replied'],
  ],
  orderBy: ['created', 'id'],
  times: ['created', 'sent', 'seen', 'dismissed', 'replied'],
  json: ['request', 'links', 'content'],
  prose: ['subject', 'request', 'content'],
})

const clicks = heldRows({
  table: 'message_clicks',
  title: 'Links of messages that you followed',
  identifier: 'identifier',
  shown: ['time', 'message', 'link', 'state'],
  orderBy: ['time', 'id'],
  times: ['time'],
})

const addresses = heldRows({
  table: 'mail_addresses',
  title: 'Your e-mail addresses that we do not write to',
  identifier: 'identifier',
  shown: ['state', 'reason', 'time'],
  times: ['time'],
})

const owners = heldRows({
  table: 'owners',
  title: 'Who of the shop looks after you',
  identifier: 'identifier',
  shown: ['assigned'],
  times: ['assigned'],
})

const receivers = heldRows({
  table: 'webhook_receivers',
  title: 'Other programs that were told of you',
  identifier: 'identifier',
  shown: ['url', 'first'],
  orderBy: ['first'],
  times: ['first'],
})

export const messagesData: readonly Holder[] = [clicks, messages, addresses, owners, receivers]
