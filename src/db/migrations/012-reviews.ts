/** What customers say of items, the votes on it, and what people of the shop decided about it. */
export const statements: readonly string[] = [
  `create table reviews (identifier {int} not null, item {int} not null, review text not null, stars {real}, title text,
    text text, author text, print text not null default '', helpful {int} not null default 0, votes {int} not null default 0,
    time {int} not null, message text not null, primary key (identifier, item)) {norowid}`,
  'create index reviews_item on reviews (item)',
  'create index reviews_review on reviews (review)',
  `create table review_votes (identifier {int} not null, review text not null, helpful {int}, time {int} not null,
    message text not null, primary key (identifier, review)) {norowid}`,
  'create index review_votes_review on review_votes (review)',
  `create table review_states (identifier {int} not null, item {int} not null, message text not null, state text not null,
    reason text, note text, time {int} not null, actor text not null, primary key (identifier, item)) {norowid}`,
  // All ratings of an item, and nothing of the many rows that were only looked at.
  'create index interactions_rated on interactions (item, identifier) where rating is not null',
]
