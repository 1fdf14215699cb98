export const statements: readonly string[] = []
