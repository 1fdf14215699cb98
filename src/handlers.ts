/**
 * All that writes, by name. One list for the writer thread (SQLite) and for the process itself (PostgreSQL): what stands
 * here runs inside a transaction and sees no cache of the serving process.
 */
import { appendAudit, auditHandlers } from './access/audit.ts'
import { pageCodeHandlers } from './access/page-codes.ts'
import { peopleHandlers } from './access/people.ts'
import { accessData } from './access/personal.ts'
import { revokedLinkHandlers } from './access/revoked-links.ts'
import { sessionHandlers } from './access/sessions.ts'
import { accessHandlers } from './access/store.ts'
import { retainPrices } from './catalog/prices.ts'
import { audiencesHandler, patchHandler, removeHandler, sensitiveHandler, upsertHandler } from './catalog/store.ts'
import type { Config } from './config.ts'
import { cleanedHandler, eraseHandler } from './consent/erasure.ts'
import { noticeHandlers } from './consent/erasure-notices.ts'
import { consentData } from './consent/personal.ts'
import { policyOf } from './consent/policy.ts'
import { backupHandlers } from './db/backed-up.ts'
import type { Handlers } from './db/database.ts'
import { holdHandlers, resumeHandler } from './db/hold.ts'
import type { Holder } from './db/personal.ts'
import { attributionFold } from './decisions/attribution.ts'
import { experimentHandlers } from './decisions/experiments-store.ts'
import { logHandlers } from './decisions/log.ts'
import { modelHandlers } from './decisions/models-store.ts'
import { decisionsData } from './decisions/personal.ts'
import { retentionHandlers } from './decisions/retention.ts'
import { ruleHandlers } from './decisions/rules-store.ts'
import { ingestHandler } from './events/ingest.ts'
import { eventsData } from './events/personal.ts'
import { undoMerge } from './identity/merges.ts'
import { identityData } from './identity/personal.ts'
import { resolve } from './identity/store.ts'
import { recordImportHandler } from './imports/progress.ts'
import { definitionHandlers } from './journeys/define.ts'
import { journeysFold } from './journeys/fold.ts'
import { journeyData } from './journeys/personal.ts'
import { retentionHandlers as instanceRetention } from './journeys/retention.ts'
import { scheduleHandlers } from './journeys/schedule.ts'
import { segmentHook } from './journeys/segment-changes.ts'
import { skipJourneys } from './journeys/skip.ts'
import { unfinishedOf } from './journeys/store.ts'
import { runnerHandlers } from './journeys/write.ts'
import { memoryFolds } from './memory/fold.ts'
import { keptOrderHandlers } from './memory/kept-orders.ts'
import { memoryData } from './memory/personal.ts'
import { memoryHandlers } from './memory/rebuild.ts'
import { eraseRecipientHandler } from './memory/recipient-erasure.ts'
import { messagesData } from './messages/personal.ts'
import { skipMessages } from './messages/skip.ts'
import { messageHandlers } from './messages/write.ts'
import { momentsFold } from './moments/fold.ts'
import { momentsHandlers } from './moments/handlers.ts'
import { itemWatch } from './moments/item-watch.ts'
import { lapsedHook } from './moments/lapsed.ts'
import { momentsData } from './moments/personal.ts'
import { skipMoments } from './moments/skip.ts'
import { reorderData } from './reorders/personal.ts'
import { reorderHandlers } from './reorders/write.ts'
import { reviewsFold } from './reviews/fold.ts'
import { reviewsData } from './reviews/personal.ts'
import { reviewsRebuilt } from './reviews/rebuild.ts'
import { reviewHandlers } from './reviews/store.ts'
import { dueFold, markCustomers } from './segments/fold.ts'
import { segmentsData } from './segments/personal.ts'
import type { SegmentHook } from './segments/settle.ts'
import { segmentHandlers } from './segments/write.ts'
import { surveyData } from './surveys/personal.ts'
import { surveyHandlers, surveysFold } from './surveys/write.ts'
import { taskData } from './tasks/personal.ts'
import { triggersFold } from './tasks/triggers.ts'
import { taskHandlers } from './tasks/write.ts'
import type { World } from './world.ts'

/**
 * What holds rows about a customer, in the order of erasure: what is counted from the events comes before them, and who he
 * is comes last. A test holds it against the schema of the database (consent/personal-data.ts).
 */
export const personalData: readonly Holder[] = [
  ...messagesData,
  ...decisionsData,
  ...momentsData,
  ...taskData,
  ...surveyData,
  ...reorderData,
  ...segmentsData,
  ...journeyData,
  ...reviewsData,
  ...memoryData,
  ...eventsData,
  ...accessData,
  ...consentData,
  ...identityData,
]

export function createHandlers(config: Config, world: World): Handlers {
  const policy = policyOf(config)
  const catalogue = { world, currency: config.currency, watch: itemWatch(config) }
  const remembering = [...memoryFolds, reviewsFold, attributionFold]
  const acting = [momentsFold(config), triggersFold(config.tasks), surveysFold, dueFold(), journeysFold()]
  const folds = [...remembering, ...acting]
  const ingest = ingestHandler(folds, { policy, world })
  /** Told of everybody who came into a segment or left it, in the transaction of the change. */
  const lapsed = lapsedHook({ config, policy, currency: config.currency, ingest })
  const segmentHooks: SegmentHook[] = [lapsed, segmentHook()]
  return {
    'events.ingest': ingest,
    'catalog.upsert': upsertHandler(catalogue),
    'catalog.patch': patchHandler(catalogue),
    'catalog.remove': removeHandler(catalogue),
    'catalog.audiences': audiencesHandler,
    'catalog.sensitive': sensitiveHandler,
    async 'identity.undoMerge'(tx, { id, now }: { id: number; now: number }) {
      const undone = await undoMerge(tx, id, now)
      await markCustomers(tx, [undone.restored, undone.from], { received: now, historical: false })
      return undone
    },
    'imports.record': recordImportHandler(world),
    'catalog.retainPrices': retainPrices,
    ...memoryHandlers([reviewsRebuilt]),
    ...momentsHandlers(ingest),
    ...keptOrderHandlers,
    ...modelHandlers,
    ...ruleHandlers,
    ...experimentHandlers,
    ...logHandlers({ policy, world }),
    ...reviewHandlers,
    ...retentionHandlers,
    ...accessHandlers,
    ...peopleHandlers,
    ...sessionHandlers,
    ...pageCodeHandlers,
    ...revokedLinkHandlers,
    ...definitionHandlers(world),
    ...runnerHandlers,
    ...instanceRetention,
    ...scheduleHandlers,
    ...surveyHandlers({ currency: config.currency, ingest }),
    ...reorderHandlers({ currency: config.currency, ingest }),
    ...taskHandlers({ currency: config.currency, ingest }),
    ...segmentHandlers({ policy, currency: config.currency, hooks: segmentHooks }),
    ...messageHandlers(policy, unfinishedOf),
    ...backupHandlers,
    ...auditHandlers(world, async (reader, who) => (await resolve(reader, who))?.customer ?? null),
    'consent.cleaned': cleanedHandler,
    ...holdHandlers,
    ...noticeHandlers,
    'engine.resume': resumeHandler([skipJourneys, skipMessages, skipMoments]),
    'memory.eraseRecipient': eraseRecipientHandler({
      holders: personalData,
      audit: (tx, customer, { id, time, actor, again }) =>
        appendAudit(tx, world, [
          { time, actor, action: 'customers.eraseRecipient', customer, detail: { erasure: id, again } },
        ]),
    }),
    'consent.erase': eraseHandler({
      holders: personalData,
      audit: (tx, customer, { id, time, actor, refuse, again }) =>
        appendAudit(tx, world, [
          { time, actor, action: 'customers.erase', customer, detail: { erasure: id, refuse, again } },
        ]),
    }),
  }
}
