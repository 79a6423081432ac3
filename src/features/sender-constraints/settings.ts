import { type Static, Type } from '../../json-schema.ts'
import { section, setting } from '../../settings.ts'

/** The `dpop` section of gatehouse.yaml. */
export const DpopSettings = section({
  nonce: setting(
    'Where a DPoP proof must hold a nonce of the service, so that none can be made ahead of time: nowhere (`offered`: with one it is ' +
      'checked), at the token endpoint, or wherever a token is shown too.',
    Type.Enum(['offered', 'token_endpoint', 'everywhere'], {
      default: 'offered',
      title: 'offered, token_endpoint or everywhere',
    }),
  ),
})
export type DpopSettings = Static<typeof DpopSettings>
