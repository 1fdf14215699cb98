/** Answers about consent and what was told of ages: appended only, in the order of their arrival. */
export const statements: readonly string[] = [
  `create table consents (identifier {int} not null, purpose text not null, channel text not null, answer text not null,
    basis text not null, time {int} not null, received {int} not null, position {int} not null, message text not null,
    source text not null, wording text, proof text, expires {int}, born {int}, weak {int} not null,
    verified {int} not null, covers text not null,
    primary key (identifier, received, position, message, purpose, channel)) {norowid}`,
]
