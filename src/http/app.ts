/** The HTTP surface: one Fastify app over the engine, one file for each resource. */

import type { IncomingMessage } from 'node:http'
import cors from '@fastify/cors'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import type { Engine } from '../engine-api.ts'
import type { World } from '../world.ts'
import { auditRoutes, installAudit } from './audit.ts'
import { installAuthentication } from './authentication.ts'
import { bodyLimit, checkAddress, installBodyReader, relabel } from './body.ts'
import { categoryRoutes } from './categories.ts'
import { serializerCompiler, validatorCompiler } from './compiling.ts'
import { consentRoutes } from './consent.ts'
import { customerDecisionRoutes } from './customer-decisions.ts'
import { customerRoutes } from './customers.ts'
import { demoRoutes } from './demo.ts'
import { ErrorAnswer, installErrorAnswers, refuseAddress } from './error-answer.ts'
import { experimentRoutes } from './experiments.ts'
import { factRoutes } from './facts.ts'
import { healthRoutes } from './health.ts'
import { importRoutes } from './imports.ts'
import { inboundRoutes } from './inbound.ts'
import { inboxRoutes } from './inbox.ts'
import { itemRoutes } from './items.ts'
import { journeyRoutes } from './journeys.ts'
import { keyRoutes } from './keys.ts'
import { memoryRoutes } from './memory.ts'
import { messageRoutes, optInRoutes } from './messages.ts'
import { metricsRoutes } from './metrics.ts'
import { ownerRoutes } from './owners.ts'
import { pageLinkRoutes } from './page-links.ts'
import { deskRoutes } from './pages/desk.ts'
import { mailPageRoutes } from './pages/mail.ts'
import { pageRoutes } from './pages/page.ts'
import { reorderPageRoutes } from './pages/reorder.ts'
import { surveyPageRoutes } from './pages/survey.ts'
import { peopleRoutes } from './people.ts'
import { predictionRoutes } from './predictions.ts'
import { questionRoutes } from './questions.ts'
import { recommendationRoutes } from './recommendations.ts'
import { reviewRoutes } from './reviews.ts'
import { rightsRoutes } from './rights.ts'
import { ruleRoutes } from './rules.ts'
import { segmentRoutes } from './segments.ts'
import { serviceRoutes } from './service.ts'
import { sessionRoutes } from './session.ts'
import { settingsRoutes } from './settings-documents.ts'
import { surveyRoutes } from './surveys.ts'
import { tailRoutes } from './tail.ts'
import { taskRoutes } from './tasks.ts'
import { templateRoutes } from './templates.ts'
import { trackingRoutes } from './tracking.ts'
import { trainingRoutes } from './training.ts'
import type { App } from './typed-app.ts'
import { usualRoutes } from './usual.ts'

/**
 * Builds the app; it listens to nothing yet. Nothing is logged for a request that goes well: a line each would cost
 * more than a small answer does, and would name people.
 */
export async function createApp(engine: Engine): Promise<App> {
  const app = Fastify({
    logger: false,
    bodyLimit,
    trustProxy: engine.config.trustProxy,
    genReqId: requestIds(engine.world),
    forceCloseConnections: 'idle',
    frameworkErrors: refuseAddress,
    routerOptions: { maxParamLength: 600, ignoreTrailingSlash: false },
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)

  // Any origin may call: what a page may do hangs on its key, which is bound to origins. Cookies are for people of the shop
  // on pages of this origin alone: no answer to another origin allows credentials, and see session-cookie.ts.
  await app.register(cors, {
    origin: '*',
    methods: 'GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS',
    exposedHeaders: 'Retry-After, X-Request-Id',
    maxAge: 86_400,
    strictPreflight: false,
  })
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    // What comes from here is what it says it is: no browser is to guess a script out of an answer.
    reply.header('x-content-type-options', 'nosniff')
    relabel(request)
    checkAddress(request)
    done()
  })
  installBodyReader(app)
  installErrorAnswers(app, engine)
  await documentation(app, engine)
  const authentication = installAuthentication(app, engine)

  installAudit(app, engine)

  metricsRoutes(app, engine)
  healthRoutes(app, engine)
  trackingRoutes(app, engine, authentication)
  settingsRoutes(app, engine)
  recommendationRoutes(app, engine)
  usualRoutes(app, engine)
  predictionRoutes(app, engine)
  itemRoutes(app, engine)
  categoryRoutes(app, engine)
  reviewRoutes(app, engine)
  customerRoutes(app, engine)
  customerDecisionRoutes(app, engine)
  rightsRoutes(app, engine)
  pageLinkRoutes(app, engine)
  pageRoutes(app, engine)
  messageRoutes(app, engine)
  optInRoutes(app, engine)
  inboxRoutes(app, engine)
  inboundRoutes(app, engine)
  ownerRoutes(app, engine)
  mailPageRoutes(app, engine)
  templateRoutes(app, engine)
  auditRoutes(app, engine)
  sessionRoutes(app, engine)
  peopleRoutes(app, engine)
  memoryRoutes(app, engine)
  factRoutes(app, engine)
  consentRoutes(app, engine)
  questionRoutes(app, engine)
  taskRoutes(app, engine)
  journeyRoutes(app, engine)
  surveyRoutes(app, engine)
  surveyPageRoutes(app, engine)
  reorderPageRoutes(app, engine)
  deskRoutes(app, engine)
  importRoutes(app, engine)
  ruleRoutes(app, engine)
  experimentRoutes(app, engine)
  segmentRoutes(app, engine)
  trainingRoutes(app, engine)
  keyRoutes(app, engine)
  tailRoutes(app, engine)
  serviceRoutes(app, engine)
  if (engine.demo) demoRoutes(app, engine.demo)
  return app
}

/** /openapi.json from the schemas, and /docs to browse it; its files come from here, nothing from elsewhere. */
async function documentation(app: App, engine: Engine): Promise<void> {
  app.addSchema(ErrorAnswer)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Habitue',
        version: engine.version,
        description:
          'Remembers every customer, and has the right thing ready. Errors: {error: {code, message, details, requestId}}.',
      },
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'basic', description: 'The key as user name, an empty password.' },
          bearer: { type: 'http', scheme: 'bearer', description: 'The key.' },
          customer: { type: 'apiKey', in: 'header', name: 'X-Habitue-Token', description: 'A customer token.' },
        },
      },
      security: [{ key: [] }, { bearer: [] }],
    },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { validatorUrl: null },
    theme: { title: 'Habitue API' },
    staticCSP: true,
  })
  app.get('/openapi.json', { schema: { hide: true }, config: { open: 'the reference' } }, () => app.swagger())
}

/** The caller's X-Request-Id where it is a sane one, else a new id: this process's mark and a number. */
function requestIds(world: World): (request: IncomingMessage) => string {
  const process = Buffer.from(world.bytes(4)).toString('hex')
  let count = 0
  return (request) => {
    const given = request.headers['x-request-id']
    if (typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given)) return given
    count++
    return `${process}-${count.toString(36)}`
  }
}
