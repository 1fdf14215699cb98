/**
 * What the operator should know without asking: told in the log and, where an address is set, by mail, once when a trouble
 * begins and once when it has ended. `habitue doctor` lists what goes on.
 */
import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { lastBackup } from '../db/backed-up.ts'
import type { Database } from '../db/database.ts'
import { listModels } from '../decisions/models-store.ts'
import { arrivedBetween, lastArrival } from '../events/arrivals.ts'
import { type MailHealth, mailHealth, type Told, type Trouble } from '../messages/alarms.ts'
import type { DueWork } from '../messages/messenger.ts'

export interface AlarmNeeds {
  readonly db: Database
  readonly config: Config
  readonly log: Logger
  /** Troubles that are known in this process alone. */
  readonly here: (now: number) => readonly Trouble[]
  /** Sends a mail to the operator; false = it could not be sent now. */
  tell(subject: string, text: string): Promise<boolean>
}

const minute = 60_000
const dayMs = 86_400_000
const weekMs = 7 * dayMs
const everyMs = minute
/** No events for less than this is a pause. */
const pauseMs = 15 * minute
const weeksLooked = 4
const fewestEvents = 5
const leastFreeBytes = 512 * 1024 * 1024
const oldModelMs = 7 * dayMs
const failingMs = 5 * minute

export function alarmWork(needs: AlarmNeeds): DueWork {
  const { db, log } = needs
  let next = 0
  const unsent: { subject: string; text: string }[] = []
  const settle: DueWork['settle'] = async (now) => {
    if (now < next) return { done: 0, next: null }
    next = now + everyMs
    const troubles = [...(await troublesNow(needs, now)), ...needs.here(now)]
    const told = await db.write<Told>('messages.alarms', { troubles, now })
    for (const { name, detail, mend } of told.begun) {
      log.warn({ alarm: name }, detail)
      unsent.push({ subject: `Trouble: ${detail}`, text: `${detail}\n\n${mend}` })
    }
    for (const { name, since, detail } of told.ended) {
      const from = new Date(since).toISOString()
      log.info({ alarm: name }, `over: ${detail}`)
      unsent.push({
        subject: `Over: ${detail}`,
        text: `It began at ${from} and has not been seen since a while:\n\n${detail}`,
      })
    }
    // What cannot be mailed now is mailed later: a mail server that is down is a trouble too.
    for (let one = unsent[0]; one !== undefined && (await needs.tell(one.subject, one.text)); one = unsent[0])
      unsent.shift()
    return { done: 0, next: null }
  }
  return { name: 'alarms', settle }
}

/** What is wrong now. */
export async function troublesNow({ db, config }: Pick<AlarmNeeds, 'db' | 'config'>, now: number): Promise<Trouble[]> {
  const found = await Promise.all([
    silentEvents(db, now),
    training(db, config, now),
    backup(db, config, now),
    mailHealth(db, now).then((health) => [...mail(health, now)]),
  ])
  return [...found.flat(), ...disk(db, config)]
}

/** Nothing comes in, where in each of the last weeks something did in the same hours. */
async function silentEvents(db: Database, now: number): Promise<Trouble[]> {
  const last = await lastArrival(db)
  if (last === null || now - last < pauseMs) return []
  const weeks: number[] = []
  for (let week = 1; week <= weeksLooked; week++) {
    const [from, to] = [last - week * weekMs, now - week * weekMs]
    weeks.push(await arrivedBetween(db, from, to, fewestEvents))
  }
  // A shop that is a fortnight old has two weeks to compare with.
  const known = weeks.filter((count, i) => count > 0 || i < 2)
  if (known.length < 2 || known.some((count) => count < fewestEvents)) return []
  const minutes = Math.round((now - last) / minute)
  return [
    {
      name: 'no-events',
      detail: `No event has come in for ${minutes} minutes; at this hour there were always some.`,
      mend: 'Look at what sends them: the page’s script, the shop’s server, the keys (habitue tail shows refusals).',
    },
  ]
}

async function training(db: Database, { training: settings }: Config, now: number): Promise<Trouble[]> {
  const models = await listModels(db, 'shop')
  const last = models.find(({ state }) => state !== 'training')
  if (last?.state === 'failed') {
    const mend = 'habitue models shows why; the last good model serves meanwhile.'
    return [{ name: 'training-failed', detail: 'The last training failed.', mend }]
  }
  const ready = models.find(({ state }) => state === 'ready')
  const age = ready ? now - (ready.finished ?? ready.started) : 0
  const arrived = ready && age > oldModelMs ? await arrivedBetween(db, ready.started, now, fewestEvents) : 0
  if (!settings.automatic || arrived < fewestEvents) return []
  const detail = `The model that serves was trained ${Math.round(age / dayMs)} days ago.`
  return [{ name: 'training-old', detail, mend: 'habitue train; and see in the log why no training ran by itself.' }]
}

async function backup(db: Database, { backupDays }: Config, now: number): Promise<Trouble[]> {
  if (backupDays === 0 || db.engine !== 'sqlite') return []
  const last = await lastBackup(db)
  if (last !== null && now - last <= backupDays * dayMs) return []
  const when = last === null ? 'never was one made' : `the last is of ${new Date(last).toISOString().slice(0, 10)}`
  return [{ name: 'backup-overdue', detail: `A backup is overdue: ${when}.`, mend: 'habitue backup FILE' }]
}

function disk(db: Database, { dataFile }: Config): Trouble[] {
  if (db.engine !== 'sqlite') return []
  const { bsize, bavail } = statfsSync(dirname(dataFile))
  if (bsize * bavail >= leastFreeBytes) return []
  const detail = `Only ${Math.round((bsize * bavail) / 1e6)} MB are left on the disk.`
  return [{ name: 'disk-low', detail, mend: 'Make room; when the disk is full nothing is stored.' }]
}

/** Of a day's messages. */
const tooMany = (sent: number) => Math.max(5, sent / 20)

function* mail(health: MailHealth, now: number): Generator<Trouble> {
  const { inDoubt, sent, mails, failed, returned, bounced, waitingSince, waitingReason, lastSent } = health
  if (inDoubt > 0) {
    const mend =
      'habitue messages list --state in_doubt; the log of the mail server knows; habitue messages settle ID --as ...'
    yield { name: 'mail-in-doubt', detail: `${inDoubt} messages are in doubt.`, mend }
  }
  if (failed >= tooMany(sent)) {
    const mend = 'habitue messages list --state failed says why; habitue messages replay ID tries one again.'
    yield { name: 'dead-letters', detail: `${failed} messages could not be sent within a day.`, mend }
  }
  if (bounced >= tooMany(mails)) {
    const mend = 'Addresses are checked where they are given? A list that was bought bounces like this.'
    yield { name: 'bounces', detail: `${bounced} addresses of ${mails} mails within a day do not work.`, mend }
  }
  if (returned >= tooMany(mails)) {
    const mend = 'habitue messages list --state failed says why: full mailboxes, or servers that do not want our mail.'
    const detail = `${returned} of ${mails} mails within a day came back from addresses that work.`
    yield { name: 'bounces-temporary', detail, mend }
  }
  if (waitingSince !== null && now - waitingSince > failingMs && (lastSent === null || now - lastSent > failingMs)) {
    const detail = `No mail can be sent: ${waitingReason}`
    yield {
      name: 'smtp-failing',
      detail,
      mend: 'Look at the mail server and HABITUE_SMTP_URL; mails wait and are tried again.',
    }
  }
}
