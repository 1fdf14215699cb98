/**
 * The one table of coded errors. `docs/errors.md` explains each to the person who meets it; `npm run check` keeps the
 * two equal. An error says what was got and what was expected.
 */
export const errorTable = {
  // requests
  invalid_json: 400,
  invalid_body: 400,
  invalid_gzip: 400,
  body_too_large: 413,
  unauthorized: 401,
  forbidden: 403,
  origin_forbidden: 403,
  customer_token_required: 403,
  customer_token_invalid: 401,
  page_link_invalid: 404,
  sign_in_failed: 401,
  session_required: 401,
  csrf_failed: 403,
  not_found: 404,
  conflict: 409,
  rate_limited: 429,
  // storage
  storage_unavailable: 503,
  storage_full: 503,
  database_locked: 503,
  database_corrupt: 500,
  database_newer: 500,
  backup_unsupported: 400,
  // events
  invalid_event: 400,
  event_too_large: 400,
  batch_too_large: 400,
  invalid_time: 400,
  invalid_identifier: 400,
  invalid_text: 400,
  card_number: 400,
  consent_refused: 403,
  erased_refused: 403,
  // facts
  too_many_facts: 409,
  invalid_fact: 400,
  // conditions
  invalid_condition: 400,
  invalid_segment: 400,
  unknown_segment: 404,
  // surveys
  invalid_survey: 400,
  survey_closed: 410,
  // reviews
  invalid_review: 400,
  // experiments
  invalid_experiment: 400,
  // catalogue and imports
  invalid_item: 400,
  invalid_rule: 400,
  unknown_item: 404,
  invalid_file: 400,
  missing_column: 400,
  invalid_line: 400,
  // messages
  invalid_template: 400,
  template_failed: 400,
  // journeys
  invalid_journey: 400,
  journey_unconfirmed: 409,
  // models
  no_model: 503,
  training_running: 409,
  training_failed: 500,
  unknown_model: 400,
  invalid_option: 400,
  // process
  port_in_use: 500,
  invalid_config: 500,
  not_running: 503,
  internal: 500,
} as const satisfies Record<string, number>

export type ErrorCode = keyof typeof errorTable

/** An error for people: a code of the table, a sentence that says what was got and expected, and details for programs. */
export class HabitueError extends Error {
  override readonly name = 'HabitueError'
  readonly code: ErrorCode
  readonly status: number
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: ErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.code = code
    this.status = errorTable[code]
    this.details = details
  }
}
