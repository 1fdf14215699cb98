import { Argument, type Command, Option } from 'commander'
import { type ImportKind, importKinds, parseMapOptions, signals } from '../imports/mapping.ts'
import type { ImportDescription, ImportOptions } from '../imports/read.ts'
import { systemWorld } from '../world.ts'
import { interruptible } from './interruption.ts'
import { output, table } from './output.ts'
import { connected, type GlobalOptions, optionsOf, several } from './surroundings.ts'

interface Options extends GlobalOptions {
  readonly map?: string[]
  readonly as?: ImportOptions['as']
  readonly currency?: string
  readonly delimiter?: string
  readonly encoding?: string
  readonly time?: ImportOptions['time']
  readonly charges?: 'skip' | 'keep'
  readonly basis?: string
  readonly source?: string
  readonly wording?: string
  readonly dryRun?: boolean
  readonly again?: boolean
}

const timeFormats = ['seconds', 'milliseconds', 'microseconds', 'iso', 'day-first', 'month-first', 'compact'] as const

/** `habitue import KIND FILE...` */
export function importCommand(program: Command): void {
  program
    .command('import')
    .description('Import files: streaming, resumable, and twice is once. Bad lines are reported, the rest is taken.')
    .addArgument(new Argument('<kind>', 'what the files hold').choices([...importKinds]))
    .argument('<files...>', 'CSV, TSV, JSON lines, a Google Merchant feed; also gzipped')
    .option('--map <column=field>', 'what a column means, where the guess is wrong (repeatable)', several)
    .addOption(new Option('--as <signal>', 'interactions: what a line means').choices([...signals]))
    .option('--currency <code>', 'of amounts, where no column says it (ISO 4217)')
    .addOption(
      new Option('--time <format>', 'how times are written, where the guess is wrong').choices([...timeFormats]),
    )
    .option('--delimiter <character>', 'where the guess is wrong')
    .option('--encoding <name>', 'of the text; UTF-8, or what its first bytes say')
    .addOption(new Option('--charges <what>', 'orders: postage and fees are no items').choices(['skip', 'keep']))
    .addOption(
      new Option('--basis <basis>', 'on which the customers of the file are remembered: you vouch for it').choices([
        'consent',
        'contract',
        'legitimate-interest',
      ]),
    )
    .option('--source <text>', 'where they agreed, such as "checkout 2023"')
    .option('--wording <version>', 'of the text to which they agreed')
    .option('--dry-run', 'show how the file would be read, and import nothing')
    .option('--again', 'from the first line, although it was imported before')
    .addHelpText(
      'after',
      `
Forms of CSV (a header line; columns are found by their names, --dry-run shows how):
  interactions  user,item[,value][,time]
  items         item,title,categories,price,...   further columns become attributes
  users         user,...                          columns become traits
  orders        invoice,item,quantity,time,price,customer   an invoice that begins with C is a return
  reviews       user,item,rating[,title][,text][,author][,helpful,votes][,time]   who bought is derived, not read
  events        JSON lines: one message of the tracking API a line
  consents      user or email,status,time[,purposes][,source][,wording][,proof]; exports of Mailchimp and Klaviyo`,
    )
    .action((kind: ImportKind, files: string[], _: unknown, command: Command) =>
      run(kind, files, optionsOf<Options>(command)),
    )
}

async function run(kind: ImportKind, files: readonly string[], options: Options): Promise<void> {
  const reading = readingOptions(options)
  if (options.dryRun) {
    const out = output(options.json === true)
    const { describeImport } = await import('../imports/read.ts')
    for (const file of files) {
      const description = await describeImport(kind, file, reading)
      out.result(description, () => shape(file, description))
    }
    return
  }
  const { importFile } = await import('./import-file.ts')
  const signal = interruptible()
  await connected(options, async (connection, out) => {
    const how = { ...reading, signal, again: options.again === true }
    for (const file of files) await importFile(connection, kind, file, how, out)
  })
}

function readingOptions(options: Options): ImportOptions {
  const { map, as, currency, time, delimiter, encoding, charges, basis, source, wording } = options
  const now = systemWorld.now()
  const stated = { basis, source, wording }
  return { map: parseMapOptions(map ?? []), as, currency, time, delimiter, encoding, charges, stated, now }
}

/** How a file would be read. */
function shape(file: string, { format, merchant, mapping, messages, items, bad }: ImportDescription): string {
  const columns = mapping?.columns ?? []
  return [
    `${file}: ${merchant ? 'a Google Merchant feed' : format}`,
    columns.length > 0
      ? table(
          ['column', 'means', ''],
          columns.map(({ column, field, confidence }) => [column, field ?? '(nothing)', confidence]),
        )
      : '',
    ...(mapping?.warnings ?? []).map((warning) => `warning: ${warning}`),
    'begins with',
    ...[...messages, ...items].map((one) => `  ${JSON.stringify(one)}`),
    ...bad.map(({ message }) => `  refused: ${message}`),
    'Nothing was imported (--dry-run).',
  ]
    .filter(Boolean)
    .join('\n')
}
