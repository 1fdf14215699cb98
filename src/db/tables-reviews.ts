/** The tables of what customers say of items, and of what is tried with lists, in the manner of `tables.ts`, of which they are a part. */

export interface ReviewTables {
  // reviews
  reviews: ReviewRow
  review_votes: ReviewVoteRow
  review_states: ReviewStateRow

  // decisions
  /** `doc` = JSON (decisions/tuning.ts). */
  placement_settings: { placement: string; doc: string; updated: number }
  /** `doc` = JSON (decisions/experiment.ts); `stopped` null = it runs. */
  experiments: { id: string; placement: string; doc: string; started: number; stopped: number | null }
  /** Who saw which arm of an experiment, the first time. */
  exposures: { experiment: string; identifier: number; arm: string; time: number }
}

/** What one identifier said of one item: the latest by (time, message). */
export type ReviewRow = {
  identifier: number
  item: number
  /** By what votes and people of the shop name it: the shop's own id, else one made here. */
  review: string
  /** Null = none; and where text and title are null too, the review was withdrawn. */
  stars: number | null
  title: string | null
  text: string | null
  /** The name to be shown with it, as the customer gave it. */
  author: string | null
  /** Of its words, for finding copies (reviews/words.ts). */
  print: string
  /** Votes that were brought along by an import: `helpful` of `votes`. */
  helpful: number
  votes: number
  time: number
  message: string
}

/** `helpful`: 1, 0, or null = taken back. */
export type ReviewVoteRow = {
  identifier: number
  review: string
  helpful: number | null
  time: number
  message: string
}

/** The decision about the version of a review that `message` told. */
export type ReviewStateRow = {
  identifier: number
  item: number
  message: string
  /** `published`, `rejected`. */
  state: string
  /** Of `rejected`: `unlawful`, `off-topic`, `spam`, `personal-data`. */
  reason: string | null
  note: string | null
  time: number
  /** As in the audit log. */
  actor: string
}
