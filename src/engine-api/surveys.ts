/** Surveys, as HTTP and journeys see them. */
import type { Identifier } from '../identity/identity.ts'
import type { CompiledQuestion, Survey } from '../surveys/definition.ts'
import type { Answers, Problem } from '../surveys/flow.ts'
import type { ResultRow, SurveyResults } from '../surveys/results.ts'
import type { SurveyInfo } from '../surveys/store.ts'

export interface InviteRequest {
  /** The same invitation, and the same link, whenever it is used again. */
  readonly key: string
  readonly survey: string
  /** Two letters; absent = as the browser asks. */
  readonly language?: string | null
  readonly data?: Readonly<Record<string, unknown>>
}

/** One tap in a mail: it opens the page with this answer chosen, and sends nothing. */
export interface Tap {
  readonly answer: string
  readonly text: string
  readonly url: string
}

export interface Invited {
  readonly id: string
  readonly isNew: boolean
  readonly url: string
  /** Milliseconds since 1970. */
  readonly expires: number
  /** Of the first question, where its answers are few. */
  readonly taps: readonly Tap[]
  readonly title: string
  /** The first question. */
  readonly question: string
  /** For which purpose a message with the link is sent. */
  readonly purpose: 'marketing' | 'service'
}

export type InviteOutcome =
  | ({ readonly kind: 'done' } & Invited)
  | { readonly kind: 'suppressed'; readonly reason: 'unknown' | 'consent' | 'minor' | 'closed' }

/** What a customer sees behind his link. */
export type SurveyStep =
  | { readonly state: 'unknown' | 'expired' | 'closed'; readonly language: string | null }
  | { readonly state: 'finished'; readonly language: string | null; readonly survey: Survey }
  | {
      readonly state: 'open'
      readonly language: string | null
      readonly survey: Survey
      readonly page: number
      /** The page before; null = this is the first. */
      readonly back: number | null
      readonly questions: readonly CompiledQuestion[]
      readonly answers: Answers
    }

export type Posted =
  | { readonly kind: 'taken' }
  | { readonly kind: 'problems'; readonly problems: Readonly<Record<string, Problem>>; readonly answers: Answers }

export interface SurveysApi {
  list(): Promise<readonly SurveyInfo[]>
  get(name: string): Promise<SurveyInfo | null>
  /** A new version where it says something else than before. @throws HabitueError invalid_survey */
  put(name: string, doc: unknown): Promise<SurveyInfo>
  /** Ends it: links say so, results stay. @throws HabitueError not_found */
  close(name: string): Promise<void>
  /** `base` = where customers reach this server. @throws HabitueError not_found (nobody, or no such survey), consent_refused */
  invite(who: Identifier, wanted: InviteRequest, base: string): Promise<Invited>
  /** The same for a journey, by an identifier that lasts. */
  hand(identifier: number, wanted: InviteRequest, base: string): Promise<InviteOutcome>
  /** @throws HabitueError not_found */
  revoke(survey: string, invitation: string): Promise<void>
  /** The page asked for, else where he left; looking changes nothing. */
  step(token: string, page: number | null): Promise<SurveyStep>
  /** @throws HabitueError survey_closed, rate_limited, consent_refused, card_number */
  post(token: string, page: number, form: URLSearchParams): Promise<Posted>
  /** @throws HabitueError not_found */
  results(name: string, options: { readonly texts: boolean }): Promise<SurveyResults>
  rows(
    name: string,
    options: { readonly after: string; readonly limit: number; readonly texts: boolean },
  ): Promise<readonly ResultRow[]>
}
