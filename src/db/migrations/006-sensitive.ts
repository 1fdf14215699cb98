/** Categories that the shop marks as sensitive. */
export const statements: readonly string[] = ['create table sensitive_categories (category text primary key) {norowid}']
