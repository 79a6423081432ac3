import type { ElsewhereStore } from '../../core/records/elsewhere.ts'
import type { SecretBox } from '../../core/secrets.ts'
import { idTokenContext, type Known } from './trips.ts'

/** Where a browser is signed out too whose sessions these were; nothing where no provider is asked to. */
export type SignOutElsewhere = (sessionIds: Iterable<string>) => Promise<string | undefined>

/** Leads to the page of the provider (OpenID Connect RP-Initiated Logout §2), from where the browser comes back. */
export function createSignOutElsewhere(dependencies: {
  store: Pick<ElsewhereStore, 'ofSession'>
  knownOf(name: string): Known | undefined
  box: SecretBox
  back: string
}): SignOutElsewhere {
  const { store, knownOf, box, back } = dependencies
  return async (sessionIds) => {
    for (const sessionId of sessionIds) {
      const begunBy = await store.ofSession(sessionId)
      const known = begunBy && knownOf(begunBy.provider)
      if (begunBy === undefined || known === undefined || !known.provider.logout) continue
      const { sealedIdToken } = begunBy
      const hint = sealedIdToken === null ? undefined : box.open(sealedIdToken, idTokenContext)
      const address = await known.client.signOutAddress(hint, back)
      if (address !== undefined) return address
    }
    return undefined
  }
}
