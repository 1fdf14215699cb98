/** What is decided and answered of items: lists, stars, the usual, what customers say of them; and the shop's rules. */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import { permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { personOf } from '../consent/store.ts'
import type { Database } from '../db/database.ts'
import type { CurrentState } from '../decisions/current.ts'
import type { CustomerStates } from '../decisions/customer-states.ts'
import { createDecider, type DeciderNeeds } from '../decisions/decider.ts'
import { currentFeedback } from '../decisions/feedback.ts'
import { ignoredOf } from '../decisions/ignored.ts'
import type { DecisionLog } from '../decisions/log.ts'
import { createPredictor } from '../decisions/predictions.ts'
import { ordersByRating } from '../decisions/rated.ts'
import type { Recipients } from '../decisions/recipient-state.ts'
import { repeatPolicies } from '../decisions/repeat.ts'
import type { DecisionAnswer, DecisionRequest } from '../decisions/request.ts'
import { type CompiledRule, checkRule, compileRule } from '../decisions/rules.ts'
import { listRules } from '../decisions/rules-store.ts'
import { createUsual } from '../decisions/usual.ts'
import type { Engine, RulesApi } from '../engine-api.ts'
import type { VolatileSessions } from '../events/volatile-sessions.ts'
import { resolve } from '../identity/store.ts'
import type { Derived } from '../moments/handlers.ts'
import { currentBoard } from '../reviews/current-board.ts'
import { segmentNamed, segmentNames } from '../segments/store.ts'
import type { World } from '../world.ts'
import { experimentsApi } from './experiments.ts'
import { missedItems } from './missed.ts'
import { reviewsApi } from './reviews.ts'

export interface DecidingNeeds {
  readonly db: Database
  readonly catalogue: Catalogue
  readonly config: Config
  readonly policy: Policy
  readonly customers: CustomerStates
  readonly recipients: Recipients
  readonly visitors: VolatileSessions
  readonly state: CurrentState
  readonly log: DecisionLog
  readonly world: World
  readonly onError: (error: unknown) => void
  /** Is told of events that are derived of a request. */
  readonly note: (derived: Derived, now: number) => void
}

export interface Deciding {
  readonly api: Pick<Engine, 'recommend' | 'predict' | 'usual' | 'reviews' | 'experiments' | 'rules'>
  /** Decides for the engine's own use; not counted. */
  decide(request: DecisionRequest): Promise<DecisionAnswer>
  /** What is learned of a customer's usuals, for the document of his memory. */
  readonly learn: ReturnType<typeof createUsual>['statements']
  /** Running totals of this process. */
  readonly totals: { readonly decisions: number; readonly personalised: number }
}

export function deciding(needs: DecidingNeeds): Deciding {
  const { db, catalogue, customers, recipients, state, log, world } = needs
  const board = currentBoard(needs)
  const repeats = repeatPolicies(catalogue)
  const usual = createUsual({ ...state, ...needs })
  const feedback = currentFeedback(db, world, needs.onError)
  const tuned = { feedback: feedback.of, ignored: ignoredBy(needs) }
  const decider = createDecider({
    ...state,
    ...tuned,
    board: board.current,
    catalogue,
    customers,
    recipients,
    repeats,
    log,
    world,
    segmentsOf: (customer) => segmentNames(db, customer),
  })
  const predictor = createPredictor({ ...state, ...needs })
  const totals = { decisions: 0, personalised: 0 }
  const missed = missedItems(needs)
  const previewed: Preview = async (rule, request) => {
    await state.upToDate()
    return bothWays(decider, { ...request, log: false }, state.current().rules, compileRule(rule, catalogue))
  }
  const decide: Engine['recommend'] = async (request, ceiling) => {
    if (ordersByRating(request)) await board.fresh()
    return decider.decide(request, ceiling)
  }
  return {
    totals,
    learn: usual.statements,
    decide: (request) => decide(request, request.ceiling ?? 'known'),
    api: {
      async recommend(request, ceiling) {
        const answer = await decide(request, ceiling)
        missed(request)
        totals.decisions++
        if (answer.personalised) totals.personalised++
        return answer
      },
      predict: predictor.predict,
      usual: usual.decide,
      experiments: experimentsApi({ ...needs, feedback }),
      reviews: reviewsApi({ ...needs, board, foretell: predictor.foretell }),
      rules: rulesApi(db, world, previewed),
    },
  }
}

/** What somebody was shown and ignored, as far as consent reaches. */
function ignoredBy({ db, policy, world }: DecidingNeeds): DeciderNeeds['ignored'] {
  return async (who, placement, ceiling) => {
    const identity = await resolve(db, who)
    if (!identity) return null
    const person = await personOf(db, policy, identity, world.now())
    const alone = ceiling === 'anonymous' ? identity.named : undefined
    const allowed = permit(person, 'personalisation', { ceiling, alone })
    return allowed && ignoredOf(db, allowed, placement, world.now())
  }
}

type Preview = (
  rule: ReturnType<typeof checkRule>,
  request: Parameters<RulesApi['preview']>[1],
) => ReturnType<RulesApi['preview']>

/** What is decided without a rule, and with it. */
async function bothWays(
  decider: Pick<ReturnType<typeof createDecider>, 'decide'>,
  request: Parameters<RulesApi['preview']>[1],
  rules: readonly CompiledRule[],
  rule: CompiledRule,
): ReturnType<RulesApi['preview']> {
  return {
    before: await decider.decide(request, 'known'),
    after: await decider.decide(request, 'known', replaced(rules, rule)),
  }
}

function rulesApi(db: Database, world: World, preview: Preview): RulesApi {
  return {
    list: () => listRules(db),
    get: async (id) => (await listRules(db)).find((rule) => rule.id === id) ?? null,
    async save(rule) {
      const checked = checkRule(rule)
      for (const name of checked.segments ?? []) await segmentNamed(db, name)
      await db.write('rules.put', { rule: checked, now: world.now() })
      return checked
    },
    remove: (id) => db.write('rules.remove', { id }),
    preview: async (rule, request) => preview(checkRule(rule), request),
  }
}

/** In order of id, as rules are listed: with several pins of one place the order counts. */
function replaced(rules: readonly CompiledRule[], rule: CompiledRule): CompiledRule[] {
  const others = rules.filter((one) => one.rule.id !== rule.rule.id)
  return [...others, rule].sort((a, b) => (a.rule.id < b.rule.id ? -1 : 1))
}
