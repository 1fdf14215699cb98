/** Stands for a recipient who was erased; several of one customer are told apart, so that none becomes another. */
export function erasedLabel(n: number): string {
  return `someone ${n}`
}

/** The number of such a label; null = it is a name. */
export function erasedNumber(recipient: string): number | null {
  const match = /^someone (\d+)$/.exec(recipient)
  return match === null ? null : Number(match[1])
}
