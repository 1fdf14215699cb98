/** What a program that embeds Habitue may use. Names are listed one by one; what is not here may change at any time. */
export { type Config, defaultConfig, loadConfig } from './config.ts'
export { createEngine, type EngineOptions, type RunningEngine } from './engine.ts'
export type { DecisionAnswer, DecisionRequest, Engine, RecommendedItem } from './engine-api.ts'
export { type ErrorCode, errorTable, HabitueError } from './errors.ts'
export { createApp } from './http/app.ts'
export { listen } from './http/listen.ts'
export { simulatedWorld, systemWorld, type World } from './world.ts'
