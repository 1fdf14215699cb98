/**
 * Which kind of key may do what: the one table. A publishable key is public (it stands in a page), so what it may do is
 * what a stranger may do; with a customer token it may also do what that customer may. And which people of the shop may,
 * by their roles: an agent serves customers, a marketer decides what is shown, an auditor looks at what was done.
 */
import type { KeyKind, Role, TokenScope } from '../engine-api.ts'

interface Permission {
  /** Kinds that may, whoever it is about. */
  readonly kinds: readonly KeyKind[]
  /** People of the shop who may when they are signed in; absent = none. */
  readonly roles?: readonly Role[]
  /** A publishable key may too, for the customer whom a token with this scope names. */
  readonly token?: TokenScope
  readonly meaning: string
  /** Whoever does it stands in the audit log; `own` = the route writes its own line. */
  readonly audited?: true | 'own'
}

const page: readonly KeyKind[] = ['publishable', 'server', 'admin']
const server: readonly KeyKind[] = ['server', 'admin']
const admin: readonly KeyKind[] = ['admin']
const everybody: readonly Role[] = ['admin', 'marketer', 'agent', 'auditor']
const serving: readonly Role[] = ['admin', 'agent']
const showing: readonly Role[] = ['admin', 'marketer']
const auditing: readonly Role[] = ['admin', 'auditor']
const alone: readonly Role[] = ['admin']

export const permissions = {
  'events.track': { kinds: page, meaning: 'send events; from a page alone, ids in them are claims' },
  'events.import': { kinds: server, roles: alone, meaning: 'import a history' },
  'decisions.anonymous': {
    kinds: page,
    roles: ['admin', 'marketer', 'agent'],
    meaning: 'recommend to an anonymous visitor, or to nobody',
  },
  'decisions.customer': { kinds: server, roles: serving, token: 'read', meaning: 'recommend to a known customer' },
  'decisions.batch': { kinds: server, roles: alone, meaning: 'recommend to many customers' },
  'customers.read': {
    kinds: server,
    roles: serving,
    token: 'read',
    meaning: "read a customer's memory",
    audited: true,
  },
  'customers.find': { kinds: server, roles: serving, meaning: 'find customers, read and undo merges', audited: true },
  'customers.export': {
    kinds: server,
    roles: serving,
    meaning: 'export all that is stored of a customer',
    audited: 'own',
  },
  'customers.erase': { kinds: server, roles: alone, meaning: 'erase a customer', audited: 'own' },
  'pages.link': { kinds: server, meaning: "make a link to a customer's own page", audited: true },
  'pages.send': { kinds: server, roles: serving, meaning: 'send a customer the link to his own page', audited: true },
  'pages.codes': { kinds: server, meaning: "fetch the codes of customers' pages, to send them" },
  'messages.send': { kinds: server, roles: serving, meaning: 'send a message to a customer', audited: true },
  'messages.read': { kinds: server, roles: [...serving, 'marketer'], meaning: 'see what was sent', audited: true },
  'messages.settle': {
    kinds: server,
    roles: serving,
    meaning: 'say what became of a message in doubt, try a dead letter again',
    audited: true,
  },
  'mail.inbound': { kinds: server, meaning: 'hand on mail that came back: replies, bounces' },
  'inbox.read': { kinds: server, roles: serving, token: 'read', meaning: 'see what waits for a customer on the pages' },
  'inbox.mark': { kinds: server, token: 'track', meaning: 'say that he saw or dismissed it' },
  'owners.read': { kinds: server, roles: everybody, meaning: 'see to whom customers belong' },
  'owners.write': { kinds: admin, roles: showing, meaning: 'say who of the shop writes, and to whom', audited: true },
  'owners.assign': { kinds: server, roles: serving, meaning: 'give a customer to a person of the shop', audited: true },
  'templates.read': { kinds: server, roles: everybody, meaning: 'read and preview templates of messages' },
  'templates.write': { kinds: server, roles: showing, meaning: 'change templates of messages', audited: true },
  'erasures.read': { kinds: server, roles: auditing, meaning: 'read receipts of erasures' },
  'audit.read': { kinds: admin, roles: auditing, meaning: 'read the audit log', audited: true },
  'facts.write': {
    kinds: server,
    roles: serving,
    token: 'track',
    meaning: 'tell, correct and delete what is remembered of a customer',
    audited: true,
  },
  'consent.write': {
    kinds: server,
    roles: serving,
    token: 'track',
    meaning: 'say what a customer allows and refuses, and how old he is',
    audited: true,
  },
  'surveys.read': {
    kinds: server,
    roles: ['admin', 'marketer', 'agent'],
    meaning: 'see surveys and count their answers',
  },
  'surveys.texts': { kinds: server, roles: serving, meaning: 'read what customers wrote in surveys' },
  'surveys.write': { kinds: server, roles: showing, meaning: 'change surveys', audited: true },
  'surveys.invite': { kinds: server, roles: serving, meaning: 'invite customers to surveys', audited: true },
  'tasks.read': { kinds: server, roles: serving, meaning: 'see the tasks of people of the shop', audited: 'own' },
  'tasks.write': {
    kinds: server,
    roles: serving,
    meaning: 'open, claim, note and resolve tasks',
    audited: 'own',
  },
  'items.read': { kinds: server, roles: everybody, meaning: 'read the catalogue' },
  'items.write': { kinds: server, roles: showing, meaning: 'change the catalogue' },
  'reviews.read': { kinds: page, roles: everybody, meaning: 'read published reviews and rankings' },
  'reviews.check': {
    kinds: server,
    roles: ['admin', 'marketer', 'agent', 'auditor'],
    meaning: 'see reviews that are not published',
  },
  'reviews.moderate': {
    kinds: server,
    roles: ['admin', 'marketer', 'agent'],
    meaning: 'publish and reject reviews',
    audited: true,
  },
  'experiments.read': {
    kinds: server,
    roles: ['admin', 'marketer', 'auditor'],
    meaning: 'see settings of placements and experiments',
  },
  'experiments.write': {
    kinds: admin,
    roles: showing,
    meaning: 'set how placements choose, start and stop experiments',
    audited: true,
  },
  'rules.read': { kinds: server, roles: ['admin', 'marketer', 'auditor'], meaning: 'read rules, preview one' },
  'rules.write': { kinds: admin, roles: showing, meaning: 'change rules', audited: true },
  'journeys.read': { kinds: server, roles: ['admin', 'marketer', 'auditor'], meaning: 'read journeys, check one' },
  'journeys.write': { kinds: admin, roles: showing, meaning: 'change journeys, switch them on and off', audited: true },
  'journeys.people': {
    kinds: server,
    roles: ['admin', 'marketer', 'agent'],
    meaning: 'see who is in a journey, settle what is in doubt or failed',
    audited: true,
  },
  'segments.read': { kinds: server, roles: everybody, meaning: 'see segments and how their sizes went' },
  'segments.write': { kinds: admin, roles: showing, meaning: 'define and remove segments', audited: true },
  'segments.members': {
    kinds: server,
    roles: showing,
    meaning: 'see who is in a segment, or would be',
    audited: true,
  },
  'models.read': { kinds: server, roles: everybody, meaning: 'see models and trainings' },
  'training.run': { kinds: admin, roles: alone, meaning: 'start and cancel trainings' },
  'keys.manage': { kinds: admin, roles: alone, meaning: 'create, list, rotate and revoke keys', audited: true },
  'people.manage': { kinds: admin, roles: alone, meaning: 'add, list and remove people of the shop', audited: true },
  'events.tail': { kinds: server, roles: alone, meaning: 'watch events as they arrive' },
  'metrics.read': { kinds: server, meaning: 'read metrics from another machine' },
  'service.manage': { kinds: admin, roles: alone, meaning: 'doctor, backup, rebuild', audited: true },
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
