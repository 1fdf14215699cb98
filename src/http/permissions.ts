/**
 * Which kind of key may do what: the one table. A publishable key is public (it stands in a page), so what it may do is
 * what a stranger may do; with a customer token it may also do what that customer may.
 */
import type { KeyKind, TokenScope } from '../engine-api.ts'

interface Permission {
  /** Kinds that may, whoever it is about. */
  readonly kinds: readonly KeyKind[]
  /** A publishable key may too, for the customer whom a token with this scope names. */
  readonly token?: TokenScope
  readonly meaning: string
  /** Whoever does it stands in the audit log; `own` = the route writes its own line. */
  readonly audited?: true | 'own'
}

const page: readonly KeyKind[] = ['publishable', 'server', 'admin']
const server: readonly KeyKind[] = ['server', 'admin']
const admin: readonly KeyKind[] = ['admin']

export const permissions = {
  'events.track': { kinds: page, meaning: 'send events; from a page alone, ids in them are claims' },
  'events.import': { kinds: server, meaning: 'import a history' },
  'decisions.anonymous': { kinds: page, meaning: 'recommend to an anonymous visitor, or to nobody' },
  'decisions.customer': { kinds: server, token: 'read', meaning: 'recommend to a known customer' },
  'decisions.batch': { kinds: server, meaning: 'recommend to many customers' },
  'customers.read': { kinds: server, token: 'read', meaning: "read a customer's memory", audited: true },
  'customers.find': { kinds: server, meaning: 'find customers, read and undo merges', audited: true },
  'customers.export': { kinds: server, meaning: 'export all that is stored of a customer', audited: 'own' },
  'customers.erase': { kinds: server, meaning: 'erase a customer', audited: 'own' },
  'erasures.read': { kinds: server, meaning: 'read receipts of erasures' },
  'audit.read': { kinds: admin, meaning: 'read the audit log', audited: true },
  'facts.write': {
    kinds: server,
    token: 'track',
    meaning: 'tell, correct and delete what is remembered of a customer',
    audited: true,
  },
  'items.read': { kinds: server, meaning: 'read the catalogue' },
  'items.write': { kinds: server, meaning: 'change the catalogue' },
  'rules.read': { kinds: server, meaning: 'read rules, preview one' },
  'rules.write': { kinds: admin, meaning: 'change rules', audited: true },
  'models.read': { kinds: server, meaning: 'see models and trainings' },
  'training.run': { kinds: admin, meaning: 'start and cancel trainings' },
  'keys.manage': { kinds: admin, meaning: 'create, list, rotate and revoke keys', audited: true },
  'events.tail': { kinds: server, meaning: 'watch events as they arrive' },
  'metrics.read': { kinds: server, meaning: 'read metrics from another machine' },
  'service.manage': { kinds: admin, meaning: 'doctor, backup, rebuild', audited: true },
} as const satisfies Record<string, Permission>

export type Action = keyof typeof permissions

/** The row of `action`. */
export function permissionOf(action: Action): Permission {
  return permissions[action]
}

/** Whether the audit log notes it when it was done. */
export function isAudited(action: string): boolean {
  return Object.hasOwn(permissions, action) && (permissions as Record<string, Permission>)[action].audited === true
}
