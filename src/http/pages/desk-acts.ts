/** What the buttons of the desk do: the same as the API, in the name of who is signed in. */
import { Temporal } from 'temporal-polyfill'
import { type Engine, type Identifier, memoryParts, type Teller } from '../../engine-api.ts'
import { HabitueError } from '../../errors.ts'
import { sendPageLink } from '../page-links.ts'
import type { Action } from '../permissions.ts'
import { correctedValue } from './correction.ts'
import type { Staff } from './desk-session.ts'

interface Acting {
  readonly engine: Engine
  readonly staff: Staff
  readonly who: Identifier
  readonly form: URLSearchParams
}

interface Act {
  /** As permissions and the audit log name it. */
  readonly action: Action
  /** An entry of `doneTexts`. */
  run(acting: Acting): Promise<string>
}

export const doneTexts: Readonly<Record<string, string>> = {
  complaint: 'The complaint is recorded. Advertising is silent until it is settled.',
  call: 'The call back is promised, and stands in the queue in your name.',
  note: 'The note is kept.',
  stop: 'All advertising to him is stopped.',
  correct: 'The fact is corrected.',
  delete: 'The fact is deleted and does not come back.',
  undo: 'The merge is undone: they are two customers again.',
  link: 'The link to his own page is on its way to his address.',
  claim: 'The task is yours.',
  release: 'The task waits for somebody else.',
  resolve: 'The task is resolved.',
}

/** Own properties only: the name comes from a form. */
export const deskActs: Readonly<Record<string, Act>> = {
  complaint: {
    action: 'facts.write',
    async run(acting) {
      const order = acting.form.get('order')?.trim() ?? ''
      const text = filled(acting.form, 'text', 'Say what went wrong.')
      const properties = {
        complaint_id: acting.engine.world.uuid(),
        text,
        channel: 'agent',
        ...(order === '' ? {} : { order_id: order }),
      }
      await acting.engine.desk.record(acting.who, 'Complaint Received', properties, tellerOf(acting))
      return 'complaint'
    },
  },
  note: {
    action: 'facts.write',
    async run(acting) {
      const text = filled(acting.form, 'text', 'The note is empty.')
      const author = acting.staff.session.person.name
      await acting.engine.desk.record(acting.who, 'Note Added', { text, author }, tellerOf(acting))
      return 'note'
    },
  },
  call: {
    action: 'tasks.write',
    async run({ engine, staff, who, form }) {
      const due = timeIn(filled(form, 'due', 'Say when you will call.'), engine.config.timeZone)
      if (due <= engine.world.now())
        throw new HabitueError('invalid_body', 'That time is over; say when you will call.')
      const note = form.get('note')?.trim() ?? ''
      const priority = 10
      await engine.tasks.open(who, {
        reason: 'call back',
        note,
        due,
        priority,
        owner: staff.actor,
        origin: staff.actor,
      })
      return 'call'
    },
  },
  stop: {
    action: 'consent.write',
    async run(acting) {
      if (acting.form.get('sure') !== 'yes')
        throw new HabitueError('invalid_body', 'Tick the box: it is done because he asked for it.')
      const wording = `said to ${acting.staff.session.person.name}`
      await acting.engine.consent.answer(
        acting.who,
        { answers: { marketing: 'denied' }, source: 'agent', wording },
        tellerOf(acting),
      )
      return 'stop'
    },
  },
  correct: {
    action: 'facts.write',
    async run(acting) {
      const { engine, who, form } = acting
      const found = await told(acting)
      const value = correctedValue(found, form)
      if (value === null) throw new HabitueError('invalid_body', 'Say what is right.')
      await engine.facts.correct(who, found.id, { value, channel: 'agent' }, tellerOf(acting))
      return 'correct'
    },
  },
  delete: {
    action: 'facts.write',
    async run(acting) {
      await acting.engine.facts.remove(acting.who, (await told(acting)).id, tellerOf(acting))
      return 'delete'
    },
  },
  undo: {
    action: 'customers.find',
    async run({ engine, who, form }) {
      const id = Number(form.get('merge'))
      const own = (await engine.customers.merges(who)) ?? []
      if (!own.some((merge) => merge.id === id)) throw new HabitueError('not_found', 'This customer has no such merge.')
      await engine.customers.undoMerge(id)
      return 'undo'
    },
  },
  link: {
    action: 'pages.send',
    async run({ engine, who }) {
      await sendPageLink(engine, who)
      return 'link'
    },
  },
}

function tellerOf({ staff }: Acting): Teller {
  return { source: staff.actor, channel: 'agent' }
}

async function told({ engine, who, form }: Acting) {
  const id = form.get('fact') ?? ''
  const memory = await engine.facts.memory(who)
  for (const part of memoryParts) {
    const found = memory?.parts[part].find((statement) => statement.id === id)
    if (found) return found
  }
  throw new HabitueError('not_found', 'Nothing of this customer has this id; it was changed meanwhile.')
}

/** @throws HabitueError invalid_body where the field is absent or empty */
function filled(form: URLSearchParams, name: string, otherwise: string): string {
  const text = form.get(name)?.trim() ?? ''
  if (text === '') throw new HabitueError('invalid_body', otherwise)
  return text
}

/** `2026-03-01T15:00` by the shop's clock, milliseconds. @throws HabitueError invalid_body */
function timeIn(text: string, timeZone: string): number {
  try {
    return Temporal.PlainDateTime.from(text).toZonedDateTime(timeZone).epochMilliseconds
  } catch {
    throw new HabitueError('invalid_body', `${JSON.stringify(text.slice(0, 40))} is no time.`)
  }
}
