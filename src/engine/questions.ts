/** What to ask a customer, and what he answers: asking and answering are events like any other. */
import type { Ceiling, Permit } from '../consent/permit.ts'
import { maySay } from '../consent/saying.ts'
import type { Engine, QuestionsApi } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import type { Identifier } from '../identity/identity.ts'
import { openComplaints } from '../memory/complaints.ts'
import { knownFacts } from '../memory/document.ts'
import { storedFacts } from '../memory/facts.ts'
import { observedEvents } from '../memory/observed-events.ts'
import { purchasesOf } from '../memory/purchases.ts'
import { answerAsFact, bestQuestion, type Question } from '../memory/questions.ts'
import { deskApi } from './desk.ts'
import { checkedFact, type FactNeeds, factsApi, permitOf, recordOwn } from './facts.ts'

/** What is known of customers, and what is asked of them. */
export function memoryApis(needs: FactNeeds): Pick<Engine, 'facts' | 'questions' | 'desk'> {
  return { facts: factsApi(needs), questions: questionsApi(needs), desk: deskApi(needs) }
}

function questionsApi(needs: FactNeeds): QuestionsApi {
  const { db, catalogue, world } = needs
  /** An answer comes after its question, however quick it was. */
  const stamp = (earliest = 0) => ({ messageId: world.uuid(), time: Math.max(world.now(), earliest) })

  const chosen = async (permit: Permit, ceiling: Ceiling): Promise<Question | null> => {
    await catalogue.upToDate(db)
    const now = world.now()
    // Somebody who complains wants to be heard, not asked.
    if ((await openComplaints(db, permit, now)).length > 0) return null
    const mayName = maySay('told', ceiling) === 'named'
    const { facts, discreet } = await knownFacts(db, permit, permit, catalogue, { now, past: false })
    const { tombstones } = await storedFacts(db, permit)
    const events = await observedEvents(db, permit)
    return bestQuestion({
      facts,
      tombstones,
      events,
      purchases: purchasesOf(events),
      catalogue,
      now,
      discreet,
      mayName,
    })
  }
  /** What was said of a question before: whether it was answered, and when it was asked; null = it was not. */
  const saidOf = async (who: Identifier, question: string) => {
    const permit = await permitOf(needs, who, 'service')
    const { statements } = permit ? await storedFacts(db, permit) : { statements: [] }
    const said = statements.filter(({ kind, subject }) => kind === 'question' && subject === question)
    if (said.length === 0) return null
    const states = said.map(({ value }) => (value as { state: string }).state)
    return { state: states.find((state) => state !== 'asked') ?? 'asked', time: said[said.length - 1].time }
  }

  return {
    async ask(who, { peek, ceiling = 'known' }, teller) {
      if (ceiling === 'anonymous') return null
      // What is asked is chosen by what he did: where that may not be used, nothing is asked.
      const permit = await permitOf(needs, who, 'personalisation')
      const question = permit && (await chosen(permit, ceiling))
      if (!question || peek) return question
      if ((await saidOf(who, question.id)) === null) {
        const properties = { question: question.id, channel: 'question' }
        await recordOwn(needs, [{ name: 'Question Asked', who, properties, ...stamp() }], teller)
      }
      return question
    },
    async answer(who, { question, answer, declined }, teller) {
      const before = await saidOf(who, question)
      if (before === null)
        throw new HabitueError('not_found', `The question ${JSON.stringify(question)} was not asked.`, { question })
      if (before.state !== 'asked')
        throw new HabitueError('conflict', `The question ${JSON.stringify(question)} was ${before.state} before.`, {
          question,
        })
      const given = answerAsFact(question, answer)
      if (!given) throw new HabitueError('not_found', `There is no question ${JSON.stringify(question)}.`, { question })
      const said = declined ? { declined: true } : checkedFact(given, world.now(), 'question')
      await recordOwn(
        needs,
        [{ name: 'Question Answered', who, properties: { question, ...said }, ...stamp(before.time + 1) }],
        teller,
      )
    },
  }
}
