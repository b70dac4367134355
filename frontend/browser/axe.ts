import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from '@playwright/test'

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds wrong with the page: rule and place of each violation. */
export default async function violations(page: Page): Promise<string[]> {
  // The content security policy keeps scripts out of the page; the debugger is let in.
  return page.evaluate(`(async () => {
    ${SOURCE}
    const { violations } = await axe.run()
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => id + ': ' + target.join(' ')))
  })()`)
}
