/** Every mail that the service sends: each feature says what its own tell and say, and this joins them. */
import { accountsMails } from './features/accounts/mails.ts'
import { apiKeysMails } from './features/api-keys/mails.ts'
import { directoriesMails } from './features/directories/mails.ts'
import { factorsMails } from './features/factors/mails.ts'
import { openidMails } from './features/openid/mails.ts'
import { ownAccountMails } from './features/own-account/mails.ts'
import { signInMails } from './features/sign-in/mails.ts'
import { tokensMails } from './features/tokens/mails.ts'
import { upstreamMails } from './features/upstream/mails.ts'

export const mails = {
  ...accountsMails,
  ...ownAccountMails,
  ...signInMails,
  ...tokensMails,
  ...apiKeysMails,
  ...factorsMails,
  ...directoriesMails,
  ...upstreamMails,
  ...openidMails,
}
