/** `node src/evaluation/main.ts topn|candidates ...`: the evaluation by itself, without the rest of the program. */
import { parseArgs } from 'node:util'
import { HabitueError } from '../errors.ts'
import { systemWorld } from '../world.ts'
import { evalCandidates, evalTopn, outcomeTable } from './command.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    interactions: { type: 'string' },
    split: { type: 'string' },
    train: { type: 'string' },
    test: { type: 'string' },
    candidates: { type: 'string' },
    model: { type: 'string' },
    set: { type: 'string', multiple: true },
    seed: { type: 'string' },
    json: { type: 'boolean' },
    verbose: { type: 'boolean' },
  },
})

function needed(name: 'interactions' | 'split' | 'train' | 'test' | 'candidates'): string {
  const value = values[name]
  if (value) return value
  throw new HabitueError('invalid_option', `--${name} FILE is missing`)
}

const abort = new AbortController()
process.once('SIGINT', () => abort.abort(new Error('interrupted')))
const around = {
  world: systemWorld,
  progress: {
    step: (done: number, total: number, note: string) => {
      if (values.verbose) process.stderr.write(`${note}: ${done}/${total}\n`)
    },
    signal: abort.signal,
  },
}
const flags = { model: values.model, set: values.set, seed: values.seed ? Number(values.seed) : undefined }

try {
  const outcome =
    positionals[0] === 'candidates'
      ? await evalCandidates(
          { train: needed('train'), test: needed('test'), candidates: needed('candidates') },
          flags,
          around,
        )
      : await evalTopn({ interactions: needed('interactions'), split: needed('split') }, flags, around)
  console.log(outcomeTable(outcome))
  if (values.json) console.log(JSON.stringify(outcome))
} catch (error) {
  console.error(error instanceof HabitueError ? `${error.code}: ${error.message}` : error)
  process.exitCode = 1
}
