/** The first schema. `{id}`, `{int}`, `{real}`, `{blob}` and `{norowid}` are spelled by each engine (see migrate.ts). */
const interactionColumns = `
  identifier {int} not null, recipient text not null default '', item {int} not null,
  views {int} not null default 0, view_last {int} not null default 0,
  carts {int} not null default 0, cart_last {int} not null default 0,
  bought {int} not null default 0, orders {int} not null default 0,
  bought_first {int} not null default 0, bought_last {int} not null default 0,
  returned {int} not null default 0, return_last {int} not null default 0,
  wished {int} not null default 0, wish_last {int} not null default 0,
  refused {int} not null default 0, refused_last {int} not null default 0,
  rating {real}, rating_time {int} not null default 0, rating_message text not null default '',
  primary key (identifier, recipient, item)`

const itemDayColumns = `
  item {int} not null, day {int} not null, views {int} not null default 0, carts {int} not null default 0,
  bought {int} not null default 0, revenue {int} not null default 0, returned {int} not null default 0,
  primary key (item, day)`

export const statements: readonly string[] = [
  'create table changes (topic text primary key, version {int} not null) {norowid}',

  `create table keys (id text primary key, kind text not null, name text not null, hash text not null unique,
    origins text, created {int} not null, last_used {int}, revoked {int})`,

  'create table customers (id {id}, created {int} not null, version {int} not null default 0)',
  `create table identifiers (id {id}, kind text not null, value text not null, customer {int} not null,
    first_seen {int} not null, last_seen {int} not null, unique (kind, value))`,
  'create index identifiers_customer on identifiers (customer)',
  `create table merges (id {id}, kept {int} not null, merged {int} not null, identifiers text not null,
    cause text not null, time {int} not null, undone {int})`,
  'create index merges_kept on merges (kept)',
  `create table claims (identifier {int} not null, kind text not null, value text not null, time {int} not null,
    confirmed {int}, primary key (identifier, kind, value))`,

  `create table items (id {id}, item text not null unique, title text, text text, categories text not null default '[]',
    attributes text not null default '{}', price {int}, currency text, cost {int}, stock {int}, audience text, image text,
    url text, available_from {int}, available_until {int}, delivery_days {int}, grouping text,
    hidden {int} not null default 0, provisional {int} not null default 0, created {int} not null, updated {int} not null)`,
  'create table item_names (name text primary key, item {int} not null)',
  'create index item_names_item on item_names (item)',

  `create table events (seq {id}, source text not null, message text not null, type text not null, name text not null,
    time {int} not null, received {int} not null, identifier {int}, basis text not null, body text not null)`,
  'create index events_identifier on events (identifier, time)',
  'create table seen (key {blob} primary key) {norowid}',
  `create table imports (id text primary key, kind text not null, name text not null, line {int} not null,
    bytes {int} not null, refused {int} not null, done {int} not null, updated {int} not null)`,

  `create table interactions (${interactionColumns}) {norowid}`,
  `create table interactions_checkpoint (${interactionColumns}) {norowid}`,
  `create table item_days (${itemDayColumns}) {norowid}`,
  `create table item_days_checkpoint (${itemDayColumns}) {norowid}`,
  `create table traits (identifier {int} not null, name text not null, value text not null, time {int} not null,
    message text not null, primary key (identifier, name)) {norowid}`,
  `create table orders (id {id}, number text not null unique, identifier {int}, time {int} not null, state text not null,
    total {int}, currency text, parts text not null)`,
  'create index orders_identifier on orders (identifier, time)',
  `create table order_lines (order_id {int} not null, line {int} not null, item {int} not null, identifier {int},
    recipient text not null default '', quantity {int} not null, price {int}, returned {int} not null default 0,
    reason text, state text not null, time {int} not null, primary key (order_id, line)) {norowid}`,
  'create index order_lines_identifier on order_lines (identifier, item)',
  'create table carts (identifier {int} primary key, state text not null, updated {int} not null)',

  `create table decisions (id text primary key, time {int} not null, placement text not null, identifier {int},
    model text not null, items text not null, detail text not null) {norowid}`,
  'create index decisions_identifier on decisions (identifier, time)',
  'create index decisions_time on decisions (time)',
  `create table outcomes (decision text not null, item {int} not null, kind text not null, time {int} not null,
    value {int} not null default 0, message text not null, primary key (decision, item, kind, message)) {norowid}`,
  `create table decision_days (day {int} not null, placement text not null, model text not null, kind text not null,
    count {int} not null, value {int} not null, primary key (day, placement, model, kind)) {norowid}`,
  'create table rules (id text primary key, doc text not null, updated {int} not null)',
  `create table models (id {id}, name text not null, version {int} not null, state text not null, started {int} not null,
    finished {int}, report text not null default '{}', bytes {int} not null default 0)`,
  'create table model_chunks (model {int} not null, n {int} not null, bytes {blob} not null, primary key (model, n))',
]
