/** Why something came back, from the words or codes that shops and customers use (English and German). Pure. */

export const returnReasons = [
  'size',
  'quality',
  'damaged',
  'wrong item',
  'late',
  'not as described',
  'changed mind',
  'other',
] as const
export type ReturnReason = (typeof returnReasons)[number]

/** In order: the first that matches counts ("too small" before "not as expected"). */
const words: readonly (readonly [reason: ReturnReason, pattern: RegExp])[] = [
  [
    'size',
    /\bsiz(e|ing)\b|\bfit(s|ting)?\b|too (small|big|large|tight|loose|short|long|wide|narrow)|gr(ö|oe)(ß|ss)e|zu (klein|gro(ß|ss)|eng|weit|kurz|lang)|pass(t|te|en) nicht/i,
  ],
  [
    'wrong item',
    /wrong (item|product|article|colou?r|one)|incorrect item|falsch(e[rs]?)? (artikel|ware|produkt|farbe)|falsch geliefert/i,
  ],
  ['damaged', /damag|broken|arrived broken|crack|leak|besch(ä|ae)digt|kaputt|zerbrochen|transport/i],
  ['late', /\blate\b|too slow|delay|arriv.* late|zu sp(ä|ae)t|versp(ä|ae)tet|lieferzeit/i],
  [
    'quality',
    /qualit|defect|faulty|does ?n.t work|not working|fell apart|poor|cheap|m(ä|ae)ngel|defekt|funktioniert nicht/i,
  ],
  [
    'not as described',
    /not as (described|expected|pictured|shown)|different (from|than)|misleading|anders als|nicht wie/i,
  ],
  [
    'changed mind',
    /chang\w* (my |his |her |their )?mind|no longer (want|need)|do(es)?n.t (want|need|like)|did(n.t| not) like|unwanted|mistake|regret|gef(ä|ae)llt nicht|nicht mehr gebraucht|umentschieden|fehlkauf/i,
  ],
]

/** What the reason given comes to; null where none was given. */
export function returnReason(given: string | null): ReturnReason | null {
  if (given === null || given.trim() === '') return null
  const text = given.replace(/[_-]+/g, ' ')
  if (fitOf(text) !== null) return 'size'
  return words.find(([, pattern]) => pattern.test(text))?.[0] ?? 'other'
}

/** Whether the item came out smaller or larger than its size says; null where the words do not tell. */
export function fitOf(given: string): 'small' | 'large' | null {
  const text = given.replace(/[_-]+/g, ' ')
  if (
    /too (small|tight|short|narrow)|(runs?|comes?( out)?|fits?) small|zu (klein|eng|kurz)|f(ä|ae)llt klein/i.test(text)
  )
    return 'small'
  if (
    /too (big|large|loose|long|wide)|(runs?|comes?( out)?|fits?) (big|large)|zu (gro(ß|ss)|weit|lang)|f(ä|ae)llt gro(ß|ss)/i.test(
      text,
    )
  )
    return 'large'
  return null
}

/** Reasons that say nothing against the thing itself: he wanted it, and it did not fit, broke on the way, or came too late. */
const excused: ReadonlySet<ReturnReason> = new Set<ReturnReason>(['size', 'damaged', 'wrong item', 'late'])

export function isExcused(given: string | null): boolean {
  const reason = returnReason(given)
  return reason !== null && excused.has(reason)
}
