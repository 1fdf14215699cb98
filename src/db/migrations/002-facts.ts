/** Facts, and what was deleted of them. */
export const statements: readonly string[] = [
  `create table facts (identifier {int} not null, kind text not null, fact text not null, subject text not null,
    recipient text not null default '', doc text not null, expires {int}, time {int} not null, message text not null,
    primary key (identifier, kind, fact)) {norowid}`,
  'create index facts_expires on facts (expires) where expires is not null',
  `create table fact_tombstones (identifier {int} not null, fact text not null, slot text not null, value text not null,
    cause text not null, evidence text not null default '[]', time {int} not null, message text not null,
    primary key (identifier, fact)) {norowid}`,
]
