/** Every bench by its name. */
import { hotPath } from './hot-path.ts'
import { memory } from './memory.ts'
import { throughNginx } from './nginx.ts'
import { manyRules } from './rules.ts'
import type { Teardowns } from './support/teardowns.ts'
import { tutorialGuard } from './tutorial.ts'

export const benches: Readonly<Record<string, (teardowns: Teardowns) => Promise<void>>> = {
  'hot-path': hotPath,
  rules: manyRules,
  tutorial: tutorialGuard,
  nginx: throughNginx,
  memory,
}
