import type { Fixture } from './fixture.ts'
import { accountFixtures } from './fixtures/accounts.ts'
import { apiKeyFixtures } from './fixtures/api-keys.ts'
import { activityFixtures } from './fixtures/audit-log.ts'
import { directoryFixtures } from './fixtures/directories.ts'
import { factorFixtures } from './fixtures/factors.ts'
import { forwardAuthFixtures } from './fixtures/forward-auth.ts'
import { kitFixtures } from './fixtures/kit.ts'
import { ownAccountFixtures } from './fixtures/own-account.ts'
import { openIdFixtures } from './fixtures/openid.ts'
import { otherDomainFixtures } from './fixtures/other-domains.ts'
import { newPasswordFixtures } from './fixtures/new-password.ts'
import { ownAccountPageFixtures } from './fixtures/own-account-pages.ts'
import { sessionFixtures } from './fixtures/sessions.ts'
import { signInFixtures } from './fixtures/sign-in.ts'
import { tokenFixtures } from './fixtures/tokens.ts'
import { upstreamFixtures } from './fixtures/upstream.ts'

/** Everything that the gallery shows, by feature. */
export const fixtures: readonly Fixture[] = [
  ...signInFixtures,
  ...accountFixtures,
  ...newPasswordFixtures,
  ...ownAccountPageFixtures,
  ...sessionFixtures,
  ...factorFixtures,
  ...directoryFixtures,
  ...apiKeyFixtures,
  ...activityFixtures,
  ...ownAccountFixtures,
  ...forwardAuthFixtures,
  ...openIdFixtures,
  ...otherDomainFixtures,
  ...tokenFixtures,
  ...upstreamFixtures,
  ...kitFixtures,
]
