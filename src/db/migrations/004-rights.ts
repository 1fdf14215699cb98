/** Erasures, receipts, and the audit log. */
export const statements: readonly string[] = []
