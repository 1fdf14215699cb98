/**
 * Clicks on links of messages. A click is written down when it happens and judged some seconds later: who opens every link
 * of a mail at once, or opens one before anybody can have read it, is a machine that looks for viruses. Opens are not
 * counted at all: pictures are loaded by mail programs, not by people.
 */
import type { Handler, Handlers, Reader } from '../db/database.ts'

export interface Click {
  readonly message: number
  readonly identifier: number
  readonly link: number
  readonly time: number
  /** `new`; `program` where whoever opened it says what it is; then `counted`, `robot`, `quiet`. */
  readonly state: string
}

export interface WaitingClick extends Click {
  readonly id: number
}

/** A click is judged when this much time has passed, milliseconds. */
export const judgedAfterMs = 10_000
const atOnceMs = 5_000
const unreadMs = 2_000

/** Programs that open links for safety, for a preview, or for a list; who says nothing of himself is one too. */
const programs =
  /bot\b|crawl|spider|scan|preview|prefetch|proofpoint|mimecast|barracuda|safelinks|symantec|sophos|fortinet|trendmicro|googleimageproxy|facebookexternalhit|slack|whatsapp|telegram|discord|headless|curl|wget|python|java\/|okhttp|go-http|node|axios|ruby|perl|libwww|http-?client/i

export function isProgram(agent: string | undefined): boolean {
  return agent === undefined || agent.trim() === '' || programs.test(agent)
}

/** Which clicks of one message are a machine's: `sent` = when it was sent, `links` = how many links it has. */
export function machineClicks(clicks: readonly Click[], sent: number | null, links: number): ReadonlySet<Click> {
  const machine = new Set<Click>()
  for (const click of clicks) {
    const near = clicks.filter(({ time, state }) => state !== 'program' && Math.abs(time - click.time) <= atOnceMs)
    const distinct = new Set(near.map(({ link }) => link)).size
    const isSweep = distinct >= 3 || (links >= 2 && distinct >= links)
    if (click.state === 'program' || isSweep || (sent !== null && click.time - sent < unreadMs)) machine.add(click)
  }
  return machine
}

const add: Handler<Click, number> = async (tx, click) => {
  const { id } = await tx.k.insertInto('message_clicks').values(click).returning('id').executeTakeFirstOrThrow()
  return Number(id)
}

const judge: Handler<{ id: number; state: 'counted' | 'robot' | 'quiet' }[], void> = async (tx, judged) => {
  for (const { id, state } of judged)
    await tx.k.updateTable('message_clicks').set({ state }).where('id', '=', id).execute()
}

export const clickHandlers: Handlers = { 'messages.click': add, 'messages.judgeClicks': judge }

/** Clicks that are old enough to be judged, with all others of the same messages. */
export async function clicksToJudge(reader: Reader, now: number, limit: number): Promise<Map<number, WaitingClick[]>> {
  const due = await reader.k
    .selectFrom('message_clicks')
    .select('message')
    .where('state', '=', 'new')
    .where('time', '<=', now - judgedAfterMs)
    .orderBy('time')
    .limit(limit)
    .execute()
  const messages = [...new Set(due.map(({ message }) => message))]
  if (messages.length === 0) return new Map()
  const rows = await reader.k.selectFrom('message_clicks').selectAll().where('message', 'in', messages).execute()
  return Map.groupBy(rows as unknown as WaitingClick[], ({ message }) => message)
}
