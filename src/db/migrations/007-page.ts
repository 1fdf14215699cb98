/** Codes that prove an e-mail address to the customer's own page. */
export const statements: readonly string[] = [
  `create table page_codes (id text primary key, customer {int} not null, link text not null, created {int} not null,
    until {int} not null, tries {int} not null, sent {int} not null)`,
  'create index page_codes_customer on page_codes (customer)',
]
