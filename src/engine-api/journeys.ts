/** Standing processes, as HTTP sees them. Times are milliseconds since 1970. */
import type { Identifier } from '../identity/identity.ts'
import type { JourneyState } from '../journeys/define.ts'
import type { Reach } from '../journeys/reach.ts'
import type { JourneyReport } from '../journeys/report.ts'
import type { DefinitionForm } from '../journeys/schema.ts'
import type { Phase } from '../journeys/state.ts'
import type { VersionInfo } from '../journeys/store.ts'
import type { InstanceView, Standing, StepCount } from '../journeys/views.ts'

export interface JourneySummary {
  readonly id: string
  readonly title: string
  readonly state: JourneyState
  readonly version: number
  readonly updated: number
}

export interface JourneyView extends JourneySummary {
  readonly definition: DefinitionForm
  /** As it was written. */
  readonly source: string
  /** What is no error, and is seldom meant. */
  readonly warnings: readonly string[]
  /** Instances by version, step and phase; ended ones are not among them. */
  readonly standing: readonly Standing[]
  /** What came of its steps so far, by version, step, outcome and reason. */
  readonly counts: readonly StepCount[]
}

export interface PutJourney {
  /** The definition as text (YAML or JSON), for errors with line and column; or as data. */
  readonly source?: string
  readonly definition?: unknown
  /** What it warns of is meant. */
  readonly confirm: boolean
  /** Check only. */
  readonly dryRun: boolean
}

/** Customers that were looked at, of so many. */
export interface SimulationProgress {
  readonly looked: number
  readonly of: number
}

export interface SimulateJourney extends Pick<PutJourney, 'source' | 'definition'> {
  /** A journey that is stored, in place of a definition. */
  readonly id?: string
  readonly from: number
  readonly to: number
  /** Customers at most. */
  readonly most: number
}

/** What a definition would have done. */
export interface SimulationView {
  /** Customers that were looked at; all there are; of those looked at, whom consent does not reach. */
  readonly looked: number
  readonly customers: number
  readonly withheld: number
  readonly entered: number
  readonly held: number
  readonly steps: readonly {
    readonly step: string
    readonly outcome: string
    readonly reason: string
    readonly count: number
  }[]
  /** By day of the shop's zone. */
  readonly days: readonly { readonly day: string; readonly entered: number; readonly acted: number }[]
  /** The first that would have happened; `step` '' = entering. */
  readonly examples: readonly {
    readonly customer: Identifier | null
    readonly time: number
    readonly step: string
    readonly outcome: string
    readonly reason: string
  }[]
  readonly warnings: readonly string[]
}

export interface ReportOfAll {
  /** Those that are not for service, together, against the customers who get none of them. */
  readonly together: JourneyReport
  /** Of all. */
  readonly reach: Reach
  readonly journeys: readonly (Pick<JourneySummary, 'id' | 'title' | 'state'> & {
    readonly reach: Reach
    readonly report: JourneyReport
  })[]
}

export interface JourneysApi {
  list(): Promise<readonly JourneySummary[]>
  /** @throws HabitueError not_found */
  get(id: string): Promise<JourneyView>
  /** @throws HabitueError not_found */
  versions(id: string): Promise<readonly VersionInfo[]>
  /**
   * Puts a version; it is the one that who enters from now on is given. The same definition again makes no new version.
   * @throws HabitueError invalid_journey, journey_unconfirmed
   */
  put(id: string, put: PutJourney): Promise<{ readonly version: number; readonly warnings: readonly string[] }>
  /** @throws HabitueError not_found, conflict */
  setState(id: string, to: 'active' | 'paused' | 'stopped'): Promise<JourneySummary>
  /** The latest first; `before` = the `next` of the page before. @throws HabitueError not_found */
  instances(
    id: string,
    page: { readonly phase?: Phase; readonly before?: number; readonly limit: number },
  ): Promise<{ readonly instances: readonly InstanceView[]; readonly next: number | null }>
  /**
   * What is in doubt or failed: it did happen (`happened`), or is to be done now (`again`).
   * @throws HabitueError not_found, conflict (it is neither)
   */
  settle(id: string, instance: number, as: 'happened' | 'again'): Promise<InstanceView>
  /** Does again all that failed. Answers how many. */
  replay(id: string): Promise<number>
  /** Moves running instances to the version that holds now; `steps` = new names of steps. Answers how many moved. */
  migrate(
    id: string,
    steps: Readonly<Record<string, string>>,
  ): Promise<{ readonly moved: number; readonly stayed: number }>
  /**
   * Over the recorded past, nothing sent; in slices of a few milliseconds. `gone` = nobody waits for it any more;
   * `progress` is told often.
   * @throws HabitueError invalid_journey, invalid_option, not_found; what `gone` was aborted with
   */
  simulate(
    wanted: SimulateJourney,
    following?: { readonly gone?: AbortSignal; progress?(at: SimulationProgress): void },
  ): Promise<SimulationView>
  /**
   * Whether it helps, by what those who entered ordered in so many days against those held out; margins in minor units.
   * @throws HabitueError not_found
   */
  report(id: string, days: number): Promise<JourneyReport & { readonly reach: Reach }>
  /** All of them, each and together. */
  reports(days: number): Promise<ReportOfAll>
  /** JSON Schema of a definition. */
  schema(): object
}
