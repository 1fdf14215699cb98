/**
 * What the operator states and vouches for: a legal basis for each purpose. Where it is consent, no answer means no.
 * Nothing here knows a customer.
 */

/** Why data is used. */
export type Purpose = 'service' | 'personalisation' | 'marketing' | 'training' | 'research'

export const purposes: readonly Purpose[] = ['service', 'personalisation', 'marketing', 'training', 'research']

/** What makes it lawful. */
export type Basis = 'consent' | 'contract' | 'legitimate-interest'

/**
 * Of a channel of marketing also the soft opt-in (ePrivacy 13(2)): to who bought, about similar goods, until he objects,
 * which every message offers.
 */
export type ChannelBasis = Basis | 'soft-opt-in'

/**
 * What becomes of what a visitor does before he logs in and without his consent. `session`: it shapes his session, in memory,
 * and is forgotten with it; `never`: it is neither used nor kept; `remember`: it is kept where its purpose has a basis.
 */
export type BeforeLogin = 'session' | 'never' | 'remember'

export type PolicyName = 'eu-strict' | 'eu-existing-customers' | 'us-opt-out'

/** A basis for each purpose; null = none, so nothing is done for it. */
export type Bases = Readonly<Record<Purpose, Basis | null>>

export interface Policy {
  /** `stated`: one basis for every purpose, by `legalBasis`. */
  readonly name: PolicyName | 'stated'
  readonly bases: Bases
  /** Channels of marketing whose basis is not that of marketing. */
  readonly channels: Readonly<Record<string, ChannelBasis>>
  /** What each category of a consent banner (`context.consent.categoryPreferences`) answers: purposes, `marketing:email`. */
  readonly categories: Readonly<Record<string, readonly string[]>>
  /** Whether the signal of Global Privacy Control is heard. */
  readonly globalPrivacyControl: boolean
  readonly beforeLogin: BeforeLogin
  /** From which age somebody answers for himself (GDPR 8(1), by country; COPPA), and from which he is no minor. */
  readonly ageOfConsent: number
  readonly majority: number
}

/**
 * The marketing that looks at a profile, as a channel of its own: a newsletter that everybody gets alike may be wanted where
 * one that was made up for him is not. It is what Global Privacy Control denies.
 */
export const profileChannel = 'profile'

const policies: Readonly<Record<PolicyName, Pick<Policy, 'bases' | 'channels'>>> = {
  'eu-strict': {
    bases: {
      service: 'contract',
      personalisation: 'consent',
      marketing: 'consent',
      training: 'consent',
      research: 'consent',
    },
    channels: {},
  },
  'eu-existing-customers': {
    bases: {
      service: 'contract',
      personalisation: 'legitimate-interest',
      marketing: 'consent',
      training: 'legitimate-interest',
      research: 'legitimate-interest',
    },
    channels: { email: 'soft-opt-in', [profileChannel]: 'legitimate-interest' },
  },
  'us-opt-out': {
    bases: {
      service: 'contract',
      personalisation: 'legitimate-interest',
      marketing: 'legitimate-interest',
      training: 'legitimate-interest',
      research: 'legitimate-interest',
    },
    // Telemarketing by text message takes prior consent there too (TCPA).
    channels: { sms: 'consent' },
  },
}

/** From which age children answer for themselves (GDPR 8(1) as the member states set it; COPPA; UK). Others: 16. */
const agesOfConsent: Readonly<Record<string, number>> = {
  AT: 14,
  BE: 13,
  BG: 14,
  CY: 14,
  CZ: 15,
  DK: 15,
  EE: 13,
  ES: 14,
  FI: 13,
  FR: 15,
  GB: 13,
  GR: 15,
  IT: 14,
  LT: 14,
  LV: 13,
  MT: 13,
  NO: 13,
  PT: 13,
  SE: 13,
  US: 13,
}
const usualAgeOfConsent = 16

/** The part of the configuration that makes a policy. */
export interface PolicyConfig {
  /** One basis for every purpose, stated by the operator; null = the named policy holds. */
  readonly legalBasis: Basis | null
  readonly consent: {
    readonly policy: PolicyName
    /** Where the shop's basis is another than the policy's. */
    readonly bases: Readonly<Record<Purpose, Basis | 'none' | null>>
    readonly channels: Readonly<Record<string, ChannelBasis>>
    readonly categories: Readonly<Record<string, readonly string[]>>
    readonly globalPrivacyControl: boolean
    /** Null = `session` where personalisation rests on consent, `remember` where the operator states another basis. */
    readonly beforeLogin: BeforeLogin | null
    /** ISO 3166, two letters. */
    readonly country: string
    /** Null = as the country sets it. */
    readonly ageOfConsent: number | null
    readonly majority: number
  }
}

export function policyOf({ legalBasis, consent }: PolicyConfig): Policy {
  const named = policies[consent.policy]
  const basisOf = (purpose: Purpose): Basis | null => {
    const own = consent.bases[purpose] ?? legalBasis ?? named.bases[purpose]
    return own === 'none' ? null : own
  }
  const { categories, globalPrivacyControl, country, ageOfConsent, majority } = consent
  const bases = Object.fromEntries(purposes.map((purpose) => [purpose, basisOf(purpose)])) as Bases
  return {
    name: legalBasis === null ? consent.policy : 'stated',
    bases,
    beforeLogin: consent.beforeLogin ?? (bases.personalisation === 'consent' ? 'session' : 'remember'),
    channels: { ...(legalBasis === null ? named.channels : {}), ...consent.channels },
    categories,
    globalPrivacyControl,
    ageOfConsent: ageOfConsent ?? agesOfConsent[country.toUpperCase()] ?? usualAgeOfConsent,
    majority,
  }
}

/** The basis of a purpose; of a channel of marketing the channel's own. */
export function basisOf({ bases, channels }: Policy, purpose: Purpose, channel: string): ChannelBasis | null {
  if (purpose === 'marketing' && channel !== '' && Object.hasOwn(channels, channel)) return channels[channel]
  return bases[purpose]
}

/** `marketing:email` -> purpose and channel; null where it names none. A channel is a word of at most 50 characters. */
export function purposeOfText(text: string): { purpose: Purpose; channel: string } | null {
  const [name, channel = ''] = text.trim().toLowerCase().split(':', 2)
  const purpose = purposes.find((one) => one === name) ?? (name === 'personalization' ? 'personalisation' : undefined)
  if (purpose === undefined || (channel !== '' && !/^[a-z][\w-]{0,49}$/.test(channel))) return null
  return channel !== '' && purpose !== 'marketing' ? null : { purpose, channel }
}

/** The way back. */
export function textOfPurpose(purpose: Purpose, channel: string): string {
  return channel === '' ? purpose : `${purpose}:${channel}`
}
