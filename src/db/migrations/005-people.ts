/** People of the shop and their sessions. */
export const statements: readonly string[] = []
