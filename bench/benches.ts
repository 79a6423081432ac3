/** Every bench by its name. */
import { clientCredentials } from './client-credentials.ts'
import { enumeration } from './enumeration.ts'
import { flood } from './flood.ts'
import { hotPath } from './hot-path.ts'
import { introspection } from './introspection.ts'
import { jwks } from './jwks.ts'
import { memory } from './memory.ts'
import { throughNginx } from './nginx.ts'
import { openIdProvider } from './openid.ts'
import { peers } from './peers.ts'
import { refreshRotation } from './refresh.ts'
import { manyRules } from './rules.ts'
import type { Teardowns } from './support/teardowns.ts'
import { tutorialGuard } from './tutorial.ts'

export const benches: Readonly<Record<string, (teardowns: Teardowns) => Promise<void>>> = {
  'hot-path': hotPath,
  rules: manyRules,
  tutorial: tutorialGuard,
  nginx: throughNginx,
  introspection,
  jwks,
  'client-credentials': clientCredentials,
  openid: openIdProvider,
  refresh: refreshRotation,
  flood,
  memory,
  enumeration,
  peers,
}
