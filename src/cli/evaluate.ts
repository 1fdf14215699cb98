import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { calibrationPlot } from '../evaluation/calibration.ts'
import type { EvaluationFlags, EvaluationSurroundings } from '../evaluation/command.ts'
import { growthPlot } from '../evaluation/growth-plot.ts'
import type { Outcome } from '../evaluation/outcome.ts'
import type { RatingFiles } from '../evaluation/rating.ts'
import { systemWorld } from '../world.ts'
import { interruptible } from './interruption.ts'
import { type Output, output } from './output.ts'
import { optionsOf, several, wholeNumber } from './surroundings.ts'

/** `habitue eval topn | candidates | growth | sequence | session | context | usual | rating | reviews | policy | coldstart`: the public way to judge Habitue on anybody's data. */
export function evalCommand(program: Command): void {
  const evaluate = program
    .command('eval')
    .description('Judge the models on a data set, by a published protocol; the same models that serve.')

  withFlags(evaluate.command('topn'))
    .description('Rank all items for each user (NDCG@10, Recall@10).')
    .requiredOption('--interactions <file>', 'CSV: user,item[,value][,time]')
    .requiredOption('--split <file>', 'CSV: one word a line of the interactions: train, valid or test')
    .action((_: unknown, command: Command) => {
      const options = optionsOf<Flags & { interactions: string; split: string }>(command)
      return run(options, (evals, progress) =>
        evals.evalTopn(options, flagsOf(options), { world: systemWorld, progress }),
      )
    })

  withFlags(evaluate.command('candidates'))
    .description('Find the one right item among listed candidates (HR@10, NDCG@10).')
    .requiredOption('--train <file>', 'CSV: user,item[,value][,time]')
    .requiredOption('--test <file>', 'CSV: user,item, one line a user')
    .requiredOption('--candidates <file>', 'CSV: user,items, separated by spaces')
    .action((_: unknown, command: Command) => {
      const options = optionsOf<Flags & { train: string; test: string; candidates: string }>(command)
      return run(options, (evals, progress) =>
        evals.evalCandidates(options, flagsOf(options), { world: systemWorld, progress }),
      )
    })

  withFlags(evaluate.command('growth'))
    .description('How good the blend is after 100, 300 ... 1,000,000 events, beside popularity (NDCG@10).')
    .requiredOption('--interactions <file>', 'CSV: user,item[,value][,time]')
    .option('--most <n>', 'no step beyond so many events', wholeNumber)
    .option('--plot <file>', 'writes the curve as SVG')
    .action((_: unknown, command: Command) => {
      const options = optionsOf<Flags & { interactions: string; most?: number; plot?: string }>(command)
      // The last steps take the longest: what there is of the curve stands after each.
      const plot = (points: Parameters<typeof growthPlot>[0]) => {
        if (options.plot) writeFileSync(options.plot, growthPlot(points, 'Quality by the number of events'))
      }
      return run(options, (evals, progress) =>
        evals.evalGrowth(options, flagsOf(options), { world: systemWorld, progress }, plot),
      )
    })

  withFlags(evaluate.command('sequence'))
    .description("Find each user's last item from those before it (HR@10, NDCG@10).")
    .requiredOption('--sequences <file>', "CSV: user,item, each user's lines in order of time")
    .action((_: unknown, command: Command) => {
      const options = optionsOf<Flags & { sequences: string }>(command)
      return run(options, (evals, progress) =>
        evals.evalSequence(options, flagsOf(options), { world: systemWorld, progress }),
      )
    })

  withFlags(evaluate.command('session'))
    .description('Find what comes next in a session of somebody unknown (HR@20, MRR@20).')
    .requiredOption('--train <file>', "CSV: session,item, each session's lines in order of time")
    .requiredOption('--test <file>', 'CSV: prefix,target; prefix = items in order, separated by spaces')
    .action((_: unknown, command: Command) => {
      const options = optionsOf<Flags & { train: string; test: string }>(command)
      return run(options, (evals, progress) =>
        evals.evalSession(options, flagsOf(options), { world: systemWorld, progress }),
      )
    })

  withFlags(evaluate.command('context'))
    .description('Tell what is chosen in which context (AUC, logloss, HR@1, HR@5), and the same without the context.')
    .requiredOption('--train <file>', 'CSV: label,user,item and a column for each part of the context; label 0 or 1')
    .requiredOption('--valid <file>', 'CSV of the same form: says when to stop')
    .requiredOption('--test <file>', 'CSV of the same form')
    .action((_: unknown, command: Command) => {
      const options = optionsOf<Flags & { train: string; valid: string; test: string }>(command)
      return run(options, (evals, progress) =>
        evals.evalContext(options, flagsOf(options), { world: systemWorld, progress }),
      )
    })

  judgingPredictions(evaluate)
}

/** Stars, the usual, first guesses. */
function judgingPredictions(evaluate: Command): void {
  withFlags(evaluate.command('rating'))
    .description('Foretell ratings (RMSE, MAE, how true the spread is), and how fast a new customer is learned.')
    .option('--train <file>', 'CSV: user,item,value[,time]')
    .option('--test <file>', 'CSV of the same form')
    .option('--interactions <file>', 'CSV of the same form, instead of --train and --test')
    .option('--split <file>', 'CSV: one word a line of the interactions: train or test')
    .option('--users <file>', 'CSV: user and a column for each trait')
    .option('--items <file>', 'CSV: item and a column for each attribute')
    .option('--curve', 'also the learning curve: a fifth of the customers held out whole')
    .option('--cold <file>', 'CSV: user; who is held out for the learning curve')
    .action((_: unknown, command: Command) => {
      const options = optionsOf<Flags & RatingFiles>(command)
      return run(options, (evals, progress) =>
        evals.evalRating(options, flagsOf(options), { world: systemWorld, progress }),
      )
    })

  withFlags(evaluate.command('usual'))
    .description('Foretell each choice from those before it: how often it answers, and how often what it says is so.')
    .requiredOption('--choices <file>', 'CSV: customer,item,time and a column for each part of the context')
    .option('--plot <file>', 'writes said against come true as SVG')
    .action((_: unknown, command: Command) => {
      const options = optionsOf<Flags & { choices: string; plot?: string }>(command)
      return run(options, async (evals, progress) => {
        const { outcome, bins } = await evals.evalUsual(options, flagsOf(options), { world: systemWorld, progress })
        if (options.plot) writeFileSync(options.plot, calibrationPlot(bins, 'The usual: said and come true'))
        return outcome
      })
    })

  evaluate
    .command('reviews')
    .description('Rank items by ratings where the truth is known, with and without an attack of fakes (tau, damage).')
    .option('--seed <n>', 'seed of the shops', wholeNumber, 1)
    .option('--shops <n>', 'how many shops are drawn', wholeNumber, 10)
    .action((_: unknown, command: Command) => {
      const options = optionsOf<Flags & { shops: number }>(command)
      return run(options, (evals, progress) => evals.evalReviews(options, { world: systemWorld, progress }))
    })

  evaluate
    .command('policy')
    .description('Ask a log what other lists would have brought, where the truth is known (IPS, SNIPS, doubly robust).')
    .option('--seed <n>', 'seed of the shop and of its logs', wholeNumber, 1)
    .option('--lists <n>', 'lists in a log', wholeNumber, 5000)
    .option('--repeats <n>', 'how many logs', wholeNumber, 20)
    .action((_: unknown, command: Command) => {
      const options = optionsOf<Flags & { lists: number; repeats: number }>(command)
      return run(options, (evals, progress) => evals.evalPolicy(options, { world: systemWorld, progress }))
    })

  withFlags(evaluate.command('coldstart'))
    .description('Guess what somebody new will choose, from traits and the first 0, 1, 3, 5, 10 selections (NDCG@10).')
    .requiredOption('--interactions <file>', 'CSV: user,item[,value][,time]')
    .requiredOption('--users <file>', 'CSV: user and a column for each trait')
    .requiredOption('--cold <file>', 'CSV: user, those who are held out whole')
    .action((_: unknown, command: Command) => {
      const options = optionsOf<Flags & { interactions: string; users: string; cold: string }>(command)
      return run(options, (evals, progress) =>
        evals.evalColdstart(options, flagsOf(options), { world: systemWorld, progress }),
      )
    })
}

interface Flags {
  readonly model?: string
  readonly set?: string[]
  readonly seed: number
  readonly json?: boolean
}

function withFlags(command: Command): Command {
  return command
    .option('--model <name>', 'one model instead of the usual one of the protocol')
    .option('--set <key=value>', 'an option of the model (repeatable)', several)
    .option('--seed <n>', 'seed of whatever is drawn', wholeNumber, 1)
}

function flagsOf({ model, set, seed }: Flags): EvaluationFlags {
  return { model, set, seed }
}

type Evaluations = typeof import('../evaluation/command.ts')

async function run(
  options: Flags,
  evaluate: (evals: Evaluations, progress: EvaluationSurroundings['progress']) => Promise<Outcome>,
): Promise<void> {
  const out: Output = output(options.json === true)
  const bar = out.progress('evaluating')
  const signal = interruptible()
  try {
    // Loaded where it is wanted: no other command needs the models here.
    const evals = await import('../evaluation/command.ts')
    const outcome = await evaluate(evals, { step: (done, total, note) => bar.set(done, total, note), signal })
    bar.stop()
    out.result(outcome, () => evals.outcomeTable(outcome))
  } finally {
    bar.stop()
  }
}
