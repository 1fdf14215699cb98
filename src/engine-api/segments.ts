/** Segments, as HTTP and the command line see them. */
import type { Identifier } from '../identity/identity.ts'
import type { Segment, SegmentDefinition } from '../segments/definition.ts'
import type { Levels } from '../segments/levels.ts'
import type { Preview } from '../segments/preview.ts'
import type { MemberPage, SizeOfDay } from '../segments/store.ts'

export interface SizedSegment extends Segment {
  readonly size: number
}

export interface SegmentsApi {
  /** Those built in first. */
  list(): Promise<readonly SizedSegment[]>
  /** @throws HabitueError unknown_segment */
  get(name: string): Promise<SizedSegment>
  /** @throws HabitueError invalid_segment, invalid_condition, conflict (the name is built in) */
  put(definition: SegmentDefinition): Promise<SizedSegment>
  /** @throws HabitueError unknown_segment, conflict (built in) */
  remove(name: string): Promise<void>
  /** @throws HabitueError invalid_condition */
  preview(condition: string): Promise<Preview>
  /** @throws HabitueError unknown_segment, invalid_option */
  members(name: string, page: { readonly after?: string; readonly limit: number }): Promise<MemberPage>
  /** From `from` (milliseconds) on. @throws HabitueError unknown_segment */
  history(name: string, from: number): Promise<readonly SizeOfDay[]>
  /** In which somebody is; null = nobody of that name, or nothing of him may be shown. */
  of(who: Identifier): Promise<readonly { readonly segment: string; readonly since: number }[] | null>
  /** What customers are compared with. */
  levels(): Promise<Levels>
}
