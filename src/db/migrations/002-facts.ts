/** Facts, their tombstones and questions. */
export const statements: readonly string[] = []
