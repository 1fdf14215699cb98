/** Whether the engine acts by itself (journeys, messages, derived events), as HTTP sees it. */
export interface HoldApi {
  /** Since when it does not, milliseconds; null = it does. */
  since(): Promise<number | null>
  /** Lets it act no more until `resume`: a restored database does not know what was done since its backup. */
  hold(): Promise<void>
  /** Goes on. `skip`: what is overdue is passed over, answered by table; `send`: it is done now. @throws HabitueError conflict */
  resume(overdue: 'skip' | 'send'): Promise<Readonly<Record<string, number>>>
}
