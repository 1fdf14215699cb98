import type { Session, VerifiedKey } from '../engine-api.ts'

/** Who asks: a key, or a person of the shop who is signed in. */
export interface Caller extends VerifiedKey {
  readonly session?: Session
}
