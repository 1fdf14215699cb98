/** Engine and application in this process, listening, until a signal ends both gracefully. */
import type { Config } from '../config.ts'
import type { Demo, Engine } from '../engine-api.ts'
import type { App } from '../http/typed-app.ts'
import { checkFolder } from './connection.ts'
import { engineHere } from './engine-here.ts'
import { commandLog } from './log.ts'

export interface Serving {
  readonly url: string
  readonly engine: Engine
  /** An admin key of this process alone. */
  readonly localKey: string
  /** Resolves when a signal has ended the server. */
  readonly ended: Promise<void>
  stop(): Promise<void>
}

/**
 * `prepare` runs before anybody can connect; it is given the text of the admin key when this start made the first one.
 * @throws HabitueError port_in_use, and whatever opening the database throws
 */
export async function serve(
  config: Config,
  demo: Demo | null,
  prepare: (engine: Engine, firstAdminKey: string | null) => Promise<void>,
): Promise<Serving> {
  checkFolder(config)
  const { createEngine, createApp, listen } = await engineHere()
  const engine = await createEngine(config, { demo, log: commandLog(config.logLevel) })
  const begin = async () => {
    await prepare(engine, await engine.start())
    const app = await createApp(engine)
    return { app, url: await listen(app, config) }
  }
  const { app, url } = await begin().catch(async (error) => {
    await engine.stop()
    throw error
  })
  engine.listening(url)
  let stopping: Promise<void> | null = null
  const stop = () => {
    stopping ??= closed(app).then(() => engine.stop())
    return stopping
  }
  const ended = new Promise<void>((resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop().then(resolve, reject))
  })
  return { url, engine, localKey: engine.localKey(), ended, stop }
}

const lookMs = 50
/** Longest that a request under way is waited for: less than what supervisors grant (Docker's 10 s are raised to 30). */
const graceMs = 15_000

/** Closes the app: what is under way is answered, and each connection ends with its answer, kept alive or not. */
async function closed(app: App): Promise<void> {
  const idle = setInterval(() => app.server.closeIdleConnections(), lookMs)
  const force = setTimeout(() => app.server.closeAllConnections(), graceMs)
  try {
    await app.close()
  } finally {
    clearInterval(idle)
    clearTimeout(force)
  }
}
