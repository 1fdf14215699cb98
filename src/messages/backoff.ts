/** When what was not taken is tried again. */
const minute = 60_000
const waits = [1, 5, 15, 60, 180, 360, 720].map((minutes) => minutes * minute)

/** Days for which a message is tried; then it is a dead letter. As long as mail servers themselves try (RFC 5321, 4.5.4.1). */
export const longestTryMs = 4 * 24 * 60 * minute

/** Milliseconds after attempt number `attempts` (from 1), spread by up to a fifth so that not everybody comes back at once. */
export function backoff(attempts: number, random: number): number {
  const wait = waits[Math.min(Math.max(attempts, 1), waits.length) - 1]
  return Math.round(wait * (1 + random / 5))
}
