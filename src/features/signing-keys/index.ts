/** What signs every token, and is published for whoever verifies them. */
import type { Base } from '../../base.ts'
import { signInGrants } from '../../core/grants.ts'
import { signingAlgorithmsOf } from '../../core/records/client.ts'
import type { SigningAlgorithm } from '../../core/records/signing-key.ts'
import type { Feature } from '../../http/feature.ts'
import type { ApiKeys } from '../api-keys/index.ts'
import type { Revocations } from '../revocations/index.ts'
import { signingKeyRoutes } from './admin.ts'
import { createKeyRing, type KeyRing } from './key-ring.ts'
import { createKeyAdministration } from './rotate-keys.ts'
import { keyRoutes } from './routes.ts'
import { scheduleOf } from './schedule.ts'
import type { KeySettings } from './settings.ts'

export type { RotatedKeys, ShownKey } from './admin.ts'

export interface SigningKeys extends Feature {
  readonly ring: KeyRing
  /** Makes what the schedule asks for, as when the first program comes that gets ID tokens. */
  keepSchedule(): Promise<void>
}

export function createSigningKeys(
  { stores, clock, audit, log, issuer, basePath, box }: Base,
  settings: KeySettings,
  needs: { revocations: Revocations; apiKeys: ApiKeys },
): SigningKeys {
  const stands = { store: stores.signingKeys, box: box('signing keys'), clock }
  const { max_age_seconds: maxAgeSeconds } = settings
  let ofProgramsAlone: readonly SigningAlgorithm[] = []
  const administration = createKeyAdministration({
    ...{ ...stands, audit, maxAgeSeconds },
    async schedule() {
      const set = await stores.clients.signingSettings(signInGrants)
      const ofPrograms = set
        .map((openid) => signingAlgorithmsOf({ openid }))
        .flatMap((one) => [one.idTokens, one.answers].concat(one.userinfo ?? []))
      const schedule = scheduleOf(settings, { ofPrograms })
      ofProgramsAlone = schedule.ofProgramsAlone
      return schedule
    },
  })
  const ring = createKeyRing({
    ...stands,
    log,
    issuer,
    isOfProgramsAlone: (algorithm) => ofProgramsAlone.includes(algorithm),
    algorithmOf: (type) =>
      type === 'identity-assertion+jwt'
        ? settings.assertions
        : type === 'JWT' || type === 'logout+jwt'
          ? settings.id_tokens
          : settings.access_tokens,
  })
  needs.revocations.feed.onKeysChanged((changed) => ring.reload(changed))
  return {
    ring,
    keepSchedule: () => administration.keepSchedule(),
    routes: {
      machines: (app) => app.register(keyRoutes, { ring, maxAgeSeconds, prefix: basePath }),
      admin: (app) => signingKeyRoutes(app, { keys: administration, endApiKeys: needs.apiKeys.revokeAll }),
    },
    async start() {
      await ring.open()
      await administration.keepSchedule()
      // What was made just now, or before the feed was followed.
      await ring.reload()
    },
    maintain: () => administration.keepSchedule(),
  }
}
