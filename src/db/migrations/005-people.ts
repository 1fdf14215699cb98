/** People of the shop and their sessions. */
export const statements: readonly string[] = [
  `create table people (id text primary key, email text unique, name text not null, role text not null,
    password text not null, created {int} not null, signed_in {int}, removed {int})`,
  `create table sessions (id text primary key, person text not null, created {int} not null, issued {int} not null,
    seen {int} not null, until {int} not null)`,
]
