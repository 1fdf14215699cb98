/** What an evaluation answers, and how it is measured. */
import type { Model, ModelKind, Progress, TrainingData } from '../models/model.ts'
import { modelOptions } from '../models/registry.ts'
import type { World } from '../world.ts'

export interface Outcome {
  readonly protocol: string
  readonly model: string
  readonly metrics: Readonly<Record<string, number>>
  /** Seconds that the fit took, reading and scoring not counted. */
  readonly fitSeconds: number
  /** Milliseconds that scoring all items once took, where the protocol asks for it. */
  readonly scoreMs?: { readonly p50: number; readonly p99: number }
  /** The most memory that the process ever held, in MB (1,048,576 bytes). */
  readonly peakRssMb: number
}

/** What every protocol is asked with. */
export interface EvaluationRequest {
  readonly kind: ModelKind
  /** Options of the kind, over its defaults. */
  readonly set: Readonly<Record<string, unknown>>
  readonly seed: number
  readonly progress: Progress
  readonly world: World
}

export async function timedFit(
  request: EvaluationRequest,
  data: TrainingData,
  extra: Readonly<Record<string, unknown>> = {},
): Promise<{ model: Model; fitSeconds: number }> {
  const options = modelOptions(request.kind, { ...request.set, ...extra })
  const start = request.world.elapsed()
  const model = await request.kind.fit(data, options, request.progress)
  return { model, fitSeconds: (request.world.elapsed() - start) / 1000 }
}

export function peakRssMb(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024)
}
