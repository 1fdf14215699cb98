/**
 * Lines of an invoice that are not goods: postage, fees, adjustments. Taken for items they would be recommended, for
 * nothing is bought as often as postage. Recognised by the whole title; an import says how many it left out, and
 * `--charges keep` takes them as items.
 */
const titles: readonly (readonly [kind: 'shipping' | 'other', title: RegExp])[] = [
  [
    'shipping',
    /^(?:[\w.]+ )?(?:postage|shipping|delivery|freight|carriage)(?: (?:and|&) (?:packing|handling))?(?: (?:charge|cost|fee)s?)?$/i,
  ],
  ['other', /^(?:manual|samples|discount|rounding|gift ?wrap(?:ping)?|adjust(?:ment)?|adjust bad debt|bad debt)$/i],
  [
    'other',
    /^(?:bank charges?|(?:amazon|paypal|payment|service|handling|processing) (?:fee|charge)s?|\w+ commission|vat|sales tax|tax)$/i,
  ],
]

/** What kind of charge a title names; null for goods. */
export function chargeOf(title: string): 'shipping' | 'other' | null {
  const trimmed = title.trim()
  if (trimmed === '' || trimmed.length > 60) return null
  return titles.find(([, pattern]) => pattern.test(trimmed))?.[0] ?? null
}
