/** A real Chromium, and a page of some shop that uses analytics.js, on an origin of its own. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import chromium from '@sparticuz/chromium'
import { type Browser, type Page, chromium as playwright } from 'playwright-core'

/** The package's own arguments switch web security off, which is what these tests are about; so others are given. */
export async function launchBrowser(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu']
  return playwright.launch({ args, executablePath: await chromium.executablePath(), headless: true })
}

const packages = createRequire(import.meta.url)
/** The browser build of analytics.js. */
export function standalone(): Buffer {
  const entry = packages.resolve('@segment/analytics-next')
  const root = entry.slice(0, entry.lastIndexOf('analytics-next') + 'analytics-next'.length)
  return readFileSync(join(root, 'dist', 'umd', 'standalone.js'))
}

/** RudderStack's build for pages, with its plugins inside. */
export function rudderStack(): Buffer {
  const root = packages.resolve('@rudderstack/analytics-js').split('/dist/')[0]
  return readFileSync(join(root, 'dist', 'npm', 'modern', 'bundled', 'esm', 'index.mjs'))
}

const html = `<!doctype html><title>A shop</title><body><h1>A shop</h1>
<script>
  const asked = new URLSearchParams(location.search)
  window.analytics = []
  analytics._writeKey = asked.get('key')
  analytics._loadOptions = JSON.parse(asked.get('options') || '{}')
  analytics._cdn = asked.get('host')
</script>
<script src="/analytics.js"></script></body>`

export interface PageServer {
  /** The origin of the page, such as `http://localhost:41234`. */
  readonly origin: string
  close(): Promise<void>
}

/** Serves the page and the SDK's own browser build. */
export async function servePage(): Promise<PageServer> {
  const script = standalone()
  const server = createServer((request, response) => {
    if (request.url === '/analytics.js') response.setHeader('content-type', 'text/javascript').end(script)
    else response.setHeader('content-type', 'text/html; charset=utf-8').end(html)
  })
  await new Promise<void>((done) => server.listen(0, 'localhost', done))
  const { port } = server.address() as { port: number }
  return {
    origin: `http://localhost:${port}`,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
}

export interface Visit {
  readonly page: Page
  /** The SDK's own id of this visitor. */
  readonly anonymousId: string
  /** Origins that the page asked for anything. */
  readonly asked: ReadonlySet<string>
  /** Calls a method of `window.analytics` in the page, and waits until the SDK has dealt with it. */
  call(method: string, ...args: unknown[]): Promise<void>
  leave(): Promise<void>
}

/** Opens the page as a new visitor, with analytics.js pointed at `host`. */
export async function visit(
  browser: Browser,
  origin: string,
  { host, key, options = {} }: { host: string; key: string; options?: object },
): Promise<Visit> {
  const context = await browser.newContext()
  const page = await context.newPage()
  const asked = new Set<string>()
  page.on('request', (request) => asked.add(new URL(request.url()).origin))
  const query = new URLSearchParams({ host, key, options: JSON.stringify(options) })
  await page.goto(`${origin}/?${query}`)
  await page.waitForFunction('typeof window.analytics.user === "function"')
  const anonymousId = (await page.evaluate('window.analytics.user().anonymousId()')) as string
  return {
    page,
    anonymousId,
    asked,
    async call(method, ...args) {
      await page.evaluate(`window.analytics[${JSON.stringify(method)}](...${JSON.stringify(args)}).then(() => {})`)
    },
    leave: () => context.close(),
  }
}
