/** Tasks for people of the shop; surveys, who was invited to one, and what he answered. */
export const statements: readonly string[] = [
  `create table tasks (id {id}, key text not null unique, identifier {int} not null, queue text not null,
    reason text not null, priority {int} not null, note text not null, origin text not null, purpose text not null,
    data text not null, due {int}, created {int} not null, state text not null, owner text, claimed {int},
    resolved {int}, outcome text)`,
  `create index tasks_waiting on tasks (queue, priority) where state <> 'resolved'`,
  'create index tasks_identifier on tasks (identifier)',
  `create table task_notes (id {id}, task {int} not null, identifier {int} not null, author text not null,
    time {int} not null, text text not null)`,
  'create index task_notes_task on task_notes (task)',
  'create index task_notes_identifier on task_notes (identifier)',

  `create table surveys (name text not null, version {int} not null, doc text not null, created {int} not null,
    closed {int}, primary key (name, version))`,
  `create table survey_invitations (id text primary key, key text not null unique, identifier {int} not null,
    survey text not null, version {int} not null, language text, data text not null, created {int} not null,
    expires {int} not null, page {int} not null, finished {int}, revoked {int})`,
  'create index survey_invitations_identifier on survey_invitations (identifier)',
  'create index survey_invitations_survey on survey_invitations (survey)',
  `create table survey_answers (invitation text not null, question text not null, identifier {int} not null,
    answer text not null, revision {int} not null, time {int} not null, primary key (invitation, question))`,
  'create index survey_answers_identifier on survey_answers (identifier)',
]
