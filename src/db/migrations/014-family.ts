/** Links to customers' pages that were taken back. */
export const statements: readonly string[] = [
  'create table revoked_links (link text primary key, until {int} not null) {norowid}',
]
