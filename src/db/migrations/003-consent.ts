/** Answers about consent, their history, and the audience of customers. */
export const statements: readonly string[] = []
