/** The log of a command: to standard error, so that standard output holds nothing but results. */
import { destination, type Logger, pino } from 'pino'
import type { Config } from '../config.ts'

export function commandLog(level: Config['logLevel']): Logger {
  const redact = ['*.key', '*.token', '*.authorization', '*.writeKey']
  return pino({ level, redact }, destination({ fd: 2, sync: true }))
}
