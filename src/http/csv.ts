/** CSV for spreadsheets: a cell that a spreadsheet would run as a formula is made text by a leading apostrophe. */

/** One line with its end (RFC 4180). Objects become JSON. */
export function csvLine(cells: readonly unknown[]): string {
  return `${cells.map(cell).join(',')}\r\n`
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  // After OWASP "CSV Injection": what begins so is a formula; tabs and line ends before it do not save it.
  const harmless = /^[\t\r\n ]*[=+\-@|%＝＋－＠]/.test(text) ? `'${text}` : text
  return /[",\r\n;\t]/.test(harmless) || harmless !== text ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
