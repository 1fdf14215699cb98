/** The log of a command: to standard error, so that standard output holds nothing but results. */
import { destination, type Logger } from 'pino'
import type { Config } from '../config.ts'
import { redactingLog } from '../engine/log.ts'

export function commandLog(level: Config['logLevel']): Logger {
  return redactingLog(level, destination({ fd: 2, sync: true }))
}
