/** Erasures and what they leave, and the audit log. */
export const statements: readonly string[] = [
  'create table erasures (id text primary key, time {int} not null, names text not null, receipt text not null, cleaned {int})',
  'create table refused_names (name text primary key) {norowid}',
  'create table erasure_notices (id text primary key, url text not null, sealed text not null, created {int} not null, due {int} not null, tries {int} not null)',
  'create index claims_value on claims (value, kind)',

  // What an erasure takes out of the events stays counted, without the person.
  'alter table item_days_checkpoint add column carts {int} not null default 0',
  'alter table item_days_checkpoint add column bought {int} not null default 0',
  'alter table item_days_checkpoint add column revenue {int} not null default 0',
  'alter table item_days_checkpoint add column returned {int} not null default 0',
  `create table kept_orders (id {id}, day {int} not null, state text not null, total {int}, currency text,
    lines text not null)`,

  `create table audit (id {id}, time {int} not null, actor text not null, action text not null, subject text,
    detail text not null, hash text not null)`,
  'create index audit_time on audit (time)',
  'create index audit_subject on audit (subject) where subject is not null',
  'create table audit_subjects (customer {int} primary key, subject text not null)',
]
