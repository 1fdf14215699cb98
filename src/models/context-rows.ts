/** Labelled rows of categories, as the models of context learn them. */

/** Rows of categories: column 0 = user, 1 = item, the rest context. Codes count from 1 in each column; 0 = unknown. */
export interface ContextRows {
  /** How many codes each column has, 0 included. */
  readonly sizes: readonly number[]
  /** rows x columns */
  readonly codes: Int32Array
  /** 1 = chosen. */
  readonly labels: Uint8Array
}

export const rowsOf = ({ labels }: ContextRows): number => labels.length
