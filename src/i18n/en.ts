import { accounts } from '../features/accounts/texts.ts'
import { apiKeys } from '../features/api-keys/texts.ts'
import { activity } from '../features/audit-log/texts.ts'
import { directories } from '../features/directories/texts.ts'
import { factors } from '../features/factors/texts.ts'
import { forwardAuth } from '../features/forward-auth/texts.ts'
import { openid } from '../features/openid/texts.ts'
import { otherDomains } from '../features/other-domains/texts.ts'
import { ownAccount } from '../features/own-account/texts.ts'
import { sessions } from '../features/sessions/texts.ts'
import { signIn } from '../features/sign-in/texts.ts'
import { tokens } from '../features/tokens/texts.ts'
import { upstream } from '../features/upstream/texts.ts'
import { kit } from '../pages/texts.ts'

/** Everything that people are told, in English: the texts of the page kit and of each feature that has some. */
export const en = {
  ...{ kit, signIn, accounts, ownAccount, sessions, factors, directories, apiKeys, activity, tokens, forwardAuth },
  ...{ otherDomains, upstream, openid },
}

/** What every language has to say. A text that is missing there does not compile. */
export type Catalogue = typeof en
