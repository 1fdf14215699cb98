/** A sparse matrix in compressed rows: row r's entries are indices[indptr[r] .. indptr[r+1]), ascending. */
export interface Csr {
  readonly rows: number
  readonly columns: number
  /** Length rows + 1. */
  readonly indptr: Int32Array
  readonly indices: Int32Array
  readonly values: Float32Array
}
