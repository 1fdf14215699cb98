/** How lists are chosen beyond scores, and which ways are tried against each other. */
export const statements: readonly string[] = [
  'create table placement_settings (placement text primary key, doc text not null, updated {int} not null) {norowid}',
  `create table experiments (id text primary key, placement text not null, doc text not null, started {int} not null,
    stopped {int})`,
  `create table exposures (experiment text not null, identifier {int} not null, arm text not null, time {int} not null,
    primary key (experiment, identifier)) {norowid}`,
  'create index exposures_identifier on exposures (identifier)',
]
