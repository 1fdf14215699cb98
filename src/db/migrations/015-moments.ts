/** What is due, who waits for which item, and what items cost. */
export const statements: readonly string[] = [
  `create table moments (kind text not null, identifier {int} not null, item {int} not null, since {int} not null,
    due {int} not null, primary key (identifier, kind, item)) {norowid}`,
  'create index moments_due on moments (due)',
  `create table item_waits (item {int} not null, identifier {int} not null, reason text not null, waits {int} not null,
    below {int}, currency text, time {int} not null, message text not null, primary key (item, identifier, reason)) {norowid}`,
  'create index item_waits_identifier on item_waits (identifier)',
  'create index item_waits_time on item_waits (time)',
  `create table item_news (kind text not null, item {int} not null, time {int} not null, told {int} not null,
    detail text not null, primary key (kind, item)) {norowid}`,
  'create index item_news_time on item_news (time, item, kind)',
  `create table item_prices (item {int} not null, time {int} not null, price {int} not null, currency text not null,
    primary key (item, time)) {norowid}`,
  'create index items_same_as on items (same_as) where same_as is not null',
  // What is known so far of items that are there.
  `insert into item_prices (item, time, price, currency)
    select id, updated, price, coalesce(currency, '') from items where price is not null and provisional = 0`,
]
