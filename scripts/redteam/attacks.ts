/** The threat model of docs/security.md, played: each attack answers what it found, in sentences; nothing = it failed. */
import { accessAttacks } from './access.ts'
import { inputAttacks } from './input.ts'
import { outputAttacks } from './output.ts'
import { pageAttacks } from './page.ts'
import { serviceAttacks } from './service.ts'
import type { Attack } from './target.ts'

export const attacks: readonly Attack[] = [
  ...accessAttacks,
  ...inputAttacks,
  ...outputAttacks,
  ...pageAttacks,
  ...serviceAttacks,
]
