/**
 * People of the shop as senders, and which customers are theirs. A customer belongs to whom he was given by hand, else to
 * whom the first rule that fits gives him. Who is away is spoken for by his deputy; with none, the shop itself speaks.
 */
import { Temporal } from 'temporal-polyfill'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { isZone } from '../calendar/zone.ts'
import type { Handler, Handlers, Reader } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import { stableShare } from '../world.ts'

const Hour = Type.Integer({ minimum: 0, maximum: 24 })
export const SenderProfile = Type.Object(
  {
    address: Type.Optional(
      Type.String({ maxLength: 254, description: 'The address he writes from; else the shop’s.' }),
    ),
    signature: Type.Optional(Type.String({ maxLength: 2000 })),
    hours: Type.Optional(
      Type.Object(
        {
          zone: Type.String({ maxLength: 100, description: 'IANA, such as Europe/Berlin.' }),
          days: Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), {
            maxItems: 7,
            minItems: 1,
            description: 'Monday = 1.',
          }),
          from: Hour,
          to: Hour,
        },
        { additionalProperties: false },
      ),
    ),
    absent: Type.Optional(
      Type.Array(
        Type.Object(
          { from: Type.String({ maxLength: 40 }), until: Type.String({ maxLength: 40 }) },
          { additionalProperties: false },
        ),
        { maxItems: 50, description: 'ISO 8601.' },
      ),
    ),
    deputy: Type.Optional(
      Type.String({ maxLength: 100, description: 'Who speaks for him when he is away: a person’s id.' }),
    ),
  },
  { additionalProperties: false },
)
export type SenderProfile = Type.Static<typeof SenderProfile>

export const SenderRule = Type.Object(
  {
    person: Type.String({ maxLength: 100 }),
    segment: Type.Optional(Type.String({ maxLength: 200 })),
    trait: Type.Optional(
      Type.Object(
        { name: Type.String({ maxLength: 200 }), equals: Type.String({ maxLength: 500 }) },
        { additionalProperties: false },
      ),
    ),
    share: Type.Optional(
      Type.Array(Type.Number({ minimum: 0, maximum: 1 }), {
        minItems: 2,
        maxItems: 2,
        description: 'From and to: the same customers for ever; [0, 0.5] and [0.5, 1] are two halves.',
      }),
    ),
  },
  { additionalProperties: false, description: 'All that is said must hold; a rule that says nothing takes everybody.' },
)
export type SenderRule = Type.Static<typeof SenderRule>

const profileCheck = Compile(SenderProfile)
const ruleCheck = Compile(SenderRule)

/** @throws HabitueError invalid_body */
export function parseProfile(given: unknown): SenderProfile {
  if (!profileCheck.Check(given)) throw bad(profileCheck.Errors(given)[0])
  const { hours, absent = [], address } = given
  if (hours && !isZone(hours.zone))
    throw bad({ instancePath: '/hours/zone', message: 'must be a zone such as Europe/Berlin' })
  if (address !== undefined && !/^[^\s@<>]+@[^\s@<>]+$/.test(address))
    throw bad({ instancePath: '/address', message: 'must be an e-mail address' })
  for (const [i, { from, until }] of absent.entries())
    if (!(Date.parse(from) < Date.parse(until)))
      throw bad({ instancePath: `/absent/${i}`, message: 'must begin before it ends, both ISO 8601' })
  return given
}

/** @throws HabitueError invalid_body */
export function parseRule(given: unknown): SenderRule {
  if (!ruleCheck.Check(given)) throw bad(ruleCheck.Errors(given)[0])
  return given
}

function bad(error: { instancePath?: string; message?: string } | undefined): HabitueError {
  const field = (error?.instancePath ?? '').slice(1).replaceAll('/', '.')
  return new HabitueError('invalid_body', `The field ${JSON.stringify(field)} ${error?.message ?? 'is wrong'}.`, {
    field,
  })
}

const putSender: Handler<{ person: string; profile: SenderProfile; now: number }, void> = async (
  tx,
  { person, profile, now },
) => {
  const doc = JSON.stringify(profile)
  await tx.k
    .insertInto('senders')
    .values({ person, doc, updated: now })
    .onConflict((conflict) => conflict.column('person').doUpdateSet({ doc, updated: now }))
    .execute()
}

const putRules: Handler<{ rules: readonly { id: string; rule: SenderRule }[] }, void> = async (tx, { rules }) => {
  await tx.k.deleteFrom('sender_rules').execute()
  const rows = rules.map(({ id, rule }, position) => ({ id, position, doc: JSON.stringify(rule) }))
  if (rows.length > 0) await tx.k.insertInto('sender_rules').values(rows).execute()
}

/** Null takes a customer from whom he was given to. */
const assign: Handler<{ identifiers: readonly number[]; person: string | null; now: number }, void> = async (
  tx,
  { identifiers, person, now },
) => {
  await tx.k.deleteFrom('owners').where('identifier', 'in', identifiers).execute()
  if (person !== null)
    await tx.k.insertInto('owners').values({ identifier: identifiers[0], person, assigned: now }).execute()
}

export const ownerHandlers: Handlers = {
  'messages.putSender': putSender,
  'messages.putSenderRules': putRules,
  'messages.assignOwner': assign,
}

export async function senderProfiles(reader: Reader): Promise<Map<string, SenderProfile>> {
  const rows = await reader.k.selectFrom('senders').selectAll().execute()
  return new Map(rows.map(({ person, doc }) => [person, JSON.parse(doc) as SenderProfile]))
}

export async function senderRules(reader: Reader): Promise<{ id: string; rule: SenderRule }[]> {
  const rows = await reader.k.selectFrom('sender_rules').selectAll().orderBy('position').execute()
  return rows.map(({ id, doc }) => ({ id, rule: JSON.parse(doc) as SenderRule }))
}

export interface Owned {
  readonly identifiers: readonly number[]
  readonly traits: Readonly<Record<string, unknown>>
  isIn(segment: string): Promise<boolean>
}

/** To whom a customer belongs; null = to nobody. Whether that person is here is another question. */
export async function ownerOf(reader: Reader, customer: Owned): Promise<string | null> {
  const given = await reader.k
    .selectFrom('owners')
    .select(['person', 'assigned'])
    .where('identifier', 'in', customer.identifiers)
    .orderBy('assigned', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (given) return given.person
  for (const { rule } of await senderRules(reader)) if (await fits(rule, customer)) return rule.person
  return null
}

async function fits({ segment, trait, share }: SenderRule, { identifiers, traits, isIn }: Owned): Promise<boolean> {
  if (trait && String(traits[trait.name] ?? '') !== trait.equals) return false
  if (share) {
    const own = stableShare('owner', identifiers[0])
    if (own < share[0] || own >= share[1]) return false
  }
  return segment === undefined || isIn(segment)
}

/** Who speaks for `person` at `now`: himself, or the first deputy who is here; null = nobody is. `here` = people of the shop. */
export function present(
  person: string,
  profiles: ReadonlyMap<string, SenderProfile>,
  here: ReadonlySet<string>,
  now: number,
): string | null {
  const asked = new Set<string>()
  for (let one: string | undefined = person; one !== undefined && !asked.has(one); one = profiles.get(one)?.deputy) {
    asked.add(one)
    const away = (profiles.get(one)?.absent ?? []).some(
      ({ from, until }) => Date.parse(from) <= now && now < Date.parse(until),
    )
    if (here.has(one) && !away) return one
  }
  return null
}

/** When a person is next at work, milliseconds; null = now. Somebody without hours always is. */
export function atWorkFrom({ hours }: SenderProfile, now: number): number | null {
  if (!hours || hours.from >= hours.to) return null
  const local = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(hours.zone)
  if (hours.days.includes(local.dayOfWeek) && local.hour >= hours.from && local.hour < hours.to) return null
  for (let ahead = 0; ahead < 8; ahead++) {
    const day = local.toPlainDate().add({ days: ahead })
    const begin = day.toZonedDateTime({ timeZone: hours.zone, plainTime: new Temporal.PlainTime(hours.from) })
    if (hours.days.includes(day.dayOfWeek) && begin.epochMilliseconds > now) return begin.epochMilliseconds
  }
  return null
}
