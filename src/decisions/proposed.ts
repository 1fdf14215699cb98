/** Candidates enough for the shop's rules: what a rule lifts need not be among the best without it. */
import type { Proposal, Propose, Setting } from './proposal.ts'
import type { Allowance } from './rank.ts'
import { type CompiledRule, movers } from './rules.ts'

/**
 * The proposal of a placement; where rules boost or bury and the pool is full, with the best of what is boosted, and the
 * best of what is not buried, beside it: the order by weighed scores then begins as it would over all items.
 */
export function proposed(
  propose: Propose,
  setting: Setting,
  pool: number,
  allowed: Allowance,
  rules: readonly CompiledRule[],
): Proposal {
  const main = propose(setting, pool, allowed)
  const moving = rules.length === 0 ? [] : movers(rules)
  if (moving.length === 0 || main.candidates.length < pool) return main
  const boosts = moving.filter(({ rule }) => rule.kind === 'boost')
  const buries = moving.filter(({ rule }) => rule.kind === 'bury')
  const among = (some: readonly CompiledRule[], id: number) => some.some(({ matches }) => matches(id))
  const where = (chosen: (id: number) => boolean): Allowance => ({
    ...allowed,
    allows: (id) => chosen(id) && allowed.allows(id),
  })
  const further: Proposal[] = []
  if (boosts.length > 0)
    further.push(
      propose(
        setting,
        pool,
        where((id) => among(boosts, id)),
      ),
    )
  if (buries.length > 0)
    further.push(
      propose(
        setting,
        pool,
        where((id) => !among(buries, id)),
      ),
    )
  return together(main, further)
}

/** What is not in a full pool scored at most what its last one did; fillers of a further proposal are cut to that. */
function together(main: Proposal, further: readonly Proposal[]): Proposal {
  const from = new Map(main.candidates.map(({ id }) => [id, main]))
  const candidates = [...main.candidates]
  const highest = candidates[candidates.length - 1].score
  for (const proposal of further) {
    for (const { id, score } of proposal.candidates) {
      if (from.has(id)) continue
      from.set(id, proposal)
      candidates.push({ id, score: Math.min(score, highest) })
    }
  }
  candidates.sort((a, b) => b.score - a.score || a.id - b.id)
  return {
    ...main,
    candidates,
    prepare: (ids) => {
      for (const [proposal, own] of Map.groupBy(ids, (id) => from.get(id) ?? main)) proposal.prepare?.(own)
    },
    reasonOf: (id) => (from.get(id) ?? main).reasonOf(id),
  }
}
