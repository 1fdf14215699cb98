/**
 * The watched clock: whatever asks it the time notes at which later moment its answer may be another, so that nobody
 * need look every night. Quantities that move with time (`now`, an age, whole days since) are types of their own: the
 * moment at which their comparison with a limit turns is computed, not searched for.
 */
export class Clock {
  now = 0
  until: number | null = null

  set(now: number): void {
    this.now = now
    this.until = null
  }

  /** The answer may be another at `time`. */
  turns(time: number): void {
    if (time > this.now && (this.until === null || time < this.until)) this.until = time
  }
}

/** `now`, moved by `shift` milliseconds. */
export class Now {
  readonly shift: number

  constructor(shift = 0) {
    this.shift = shift
  }
}

/** How long ago `origin` is (`sign` 1) or how far ahead (-1), in milliseconds, continuous. */
export class Age {
  readonly origin: number
  readonly sign: 1 | -1

  constructor(origin: number, sign: 1 | -1) {
    this.origin = origin
    this.sign = sign
  }
}

/** Whole units (days, hours) since `origin`, rounded down, or until it, rounded up. */
export class Whole {
  readonly origin: number
  readonly unit: number
  readonly sign: 1 | -1

  constructor(origin: number, unit: number, sign: 1 | -1) {
    this.origin = origin
    this.unit = unit
    this.sign = sign
  }

  at(now: number): number {
    return this.sign === 1 ? Math.floor((now - this.origin) / this.unit) : Math.ceil((this.origin - now) / this.unit)
  }
}

/** now + shift against the moment `limit`, as a difference. */
export function nowAgainst(clock: Clock, { shift }: Now, limit: number): number {
  clock.turns(limit - shift)
  clock.turns(limit - shift + 1)
  return clock.now + shift - limit
}

/** An age against a duration of `limit` milliseconds, as a difference. */
export function ageAgainst(clock: Clock, { origin, sign }: Age, limit: number): number {
  const turn = origin + sign * limit
  clock.turns(turn)
  clock.turns(turn + 1)
  return sign * (clock.now - origin) - limit
}

/** Whole units against `limit` of them, as a difference. */
export function wholeAgainst(clock: Clock, whole: Whole, limit: number): number {
  const { origin, unit, sign } = whole
  // It reaches k at origin + sign * k * unit; a comparison with `limit` turns where it reaches or leaves that number.
  const turnsAt = sign === 1 ? [Math.ceil(limit), Math.floor(limit) + 1] : [Math.floor(limit), Math.ceil(limit) - 1]
  for (const k of turnsAt) clock.turns(origin + sign * k * unit)
  return whole.at(clock.now) - limit
}

/** The number itself, which is another at its next whole unit. */
export function wholeNumber(clock: Clock, whole: Whole): number {
  const value = whole.at(clock.now)
  clock.turns(whole.sign === 1 ? whole.origin + (value + 1) * whole.unit : whole.origin - (value - 1) * whole.unit)
  return value
}

export const hour = 3_600_000
export const day = 24 * hour

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: hour, d: day, w: 7 * day, y: 365 * day }

/** `90d`, `12h`, `30m`, `45s`, `2w`, `1y` (365 days) in milliseconds; null where it is none. */
export function parseSpan(text: string): number | null {
  const match = /^(\d{1,6})(s|m|h|d|w|y)$/.exec(text)
  return match ? Number(match[1]) * units[match[2]] : null
}

/** A moment in milliseconds from what CEL or the shop calls one; null where it is none. */
export function momentOf(value: unknown): number | null {
  if (value instanceof Date) return value.getTime()
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\d/.test(value)) {
    const time = Date.parse(value)
    return Number.isNaN(time) ? null : time
  }
  return null
}
