/** For tests of pages in a real browser: what a checker of accessibility finds wrong with one (axe-core, WCAG 2.2 AA). */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8')

/**
 * What the checker finds, by rule. It runs in a world of its own, so that the page's policy may stay as it is; the browser must
 * run scripts, though the page has none.
 */
export async function faults(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page)
  const { frameTree } = await session.send('Page.getFrameTree')
  const { executionContextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id })
  const run = (expression: string) =>
    session.send('Runtime.evaluate', {
      expression,
      contextId: executionContextId,
      awaitPromise: true,
      returnByValue: true,
    })
  await run(axe)
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
  const { result } = await run(
    `axe.run(document, { runOnly: ${JSON.stringify(tags)} }).then(({ violations, passes }) => JSON.stringify([passes.length, violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' | '))]))`,
  )
  const [passes, found] = JSON.parse(result.value) as [number, string[]]
  // Else it did not look at anything.
  expect(passes).toBeGreaterThan(10)
  return found
}
