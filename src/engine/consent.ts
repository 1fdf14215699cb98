/** What a customer allows and refuses, as HTTP shows and changes it: every answer is an event of its own. */
import type { Config } from '../config.ts'
import { Person, permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { personOf } from '../consent/store.ts'
import { consentView } from '../consent/view.ts'
import type { Database } from '../db/database.ts'
import type { ConsentApi, GivenAnswers } from '../engine-api.ts'
import type { OwnEvent } from '../events/own.ts'
import type { Identifier } from '../identity/identity.ts'
import { resolve } from '../identity/store.ts'
import { orders } from '../memory/customer.ts'
import type { World } from '../world.ts'
import { recordOwn } from './facts.ts'

interface Needs {
  readonly db: Database
  readonly config: Config
  readonly policy: Policy
  readonly world: World
}

const names = { granted: 'Consent Given', denied: 'Consent Withdrawn', unset: 'Consent Reset' } as const

export function consentApi(needs: Needs): ConsentApi {
  const { db, policy, world } = needs
  /** Asked only where a channel rests on the soft opt-in. */
  const hasBought = async (person: Person) => {
    const allowed = Object.values(policy.channels).includes('soft-opt-in') ? permit(person, 'service') : null
    const placed = allowed ? await orders(db, allowed, { limit: Number.POSITIVE_INFINITY }) : []
    return placed.some(({ state }) => state === 'placed')
  }
  const get: ConsentApi['get'] = async (who) => {
    const identity = await resolve(db, who)
    if (identity === null) return null
    const person = await personOf(db, policy, identity, world.now())
    return consentView(
      (await hasBought(person)) ? new Person(policy, identity, person.answers, person.now, true) : person,
    )
  }
  const shown = async (who: Identifier) => {
    const view = await get(who)
    if (view === null) throw new Error('An answer was stored, and its customer is unknown')
    return view
  }
  return {
    get,
    async answer(who, given, teller) {
      await recordOwn(needs, answerEvents(who, given, teller.channel, world), teller)
      return shown(who)
    },
    async tellAge(who, told, teller) {
      const properties = { ...told, source: teller.channel }
      const event = { name: 'Audience Told', who, properties, messageId: world.uuid(), time: world.now() }
      await recordOwn(needs, [event], teller)
      return shown(who)
    },
  }
}

/** One event for each answer that is among them. */
function answerEvents(who: Identifier, given: GivenAnswers, channel: string, world: World): OwnEvent[] {
  const { answers, source = channel, wording, proof, expires, basis, time = world.now() } = given
  const byAnswer = Map.groupBy(Object.keys(answers), (purpose) => answers[purpose])
  return [...byAnswer].map(([answer, purposes]) => {
    const granted = answer === 'granted' ? { expires, basis } : {}
    const told = Object.entries({ source, wording, proof, ...granted }).filter(([, value]) => value !== undefined)
    const properties = { purposes, ...Object.fromEntries(told) }
    return { name: names[answer], who, properties, messageId: world.uuid(), time: Math.min(time, world.now()) }
  })
}
