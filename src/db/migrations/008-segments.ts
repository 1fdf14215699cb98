/** Segments: what the shop defined, who is in them, who is to be looked at again, and how their sizes went. */
export const statements: readonly string[] = [
  `create table segments (name text primary key, title text not null, description text not null,
    condition text not null, updated {int} not null)`,
  `create table segment_members (segment text not null, identifier {int} not null, since {int} not null,
    primary key (segment, identifier)) {norowid}`,
  'create index segment_members_identifier on segment_members (identifier)',
  'create table segment_due (identifier {int} primary key, due {int} not null, cause {int} not null)',
  'create index segment_due_due on segment_due (due)',
  `create table segment_days (segment text not null, day {int} not null, entered {int} not null default 0,
    gone {int} not null default 0, size {int}, primary key (segment, day)) {norowid}`,
  `create table segment_state (id {int} primary key, watch text, levels text, computed {int} not null default 0,
    surveying {int} not null default 0, sweep {int}, quiet {int} not null default 1)`,
  'insert into segment_state (id, sweep) values (1, 0)',
]
