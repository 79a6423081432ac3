import type { Configuration, ServerMetadata } from 'openid-client'
import type { Clock } from '../../core/clock.ts'
import { boundedFetch } from './bounded-fetch.ts'
import { claimAt, type Claims, type Proven } from './claims.ts'
import { clientSecretOf } from './client-secret.ts'
import { githubClaims, githubMetadata } from './github.ts'
import { presets } from './presets.ts'
import { type Failed, faultOf } from './provider-faults.ts'
import type { Provider } from './settings.ts'

/** A request that takes longer counts as failed. */
const answersWithinSeconds = 5
/** How long metadata are used. Keys are asked for anew after five minutes, and by the next sign-in where one is not known. */
const metadataSeconds = 3_600
/** By how much the clocks of a provider and of this service may differ. */
export const clockToleranceSeconds = 30

/** What a round trip begins with. */
interface Asked {
  state: string
  nonce: string
  verifier: string
  /** What the person has typed, for whoever asks them there. */
  loginHint?: string | undefined
  /** Whether the person has to prove themselves anew. */
  isFresh: boolean
  acrValues: readonly string[]
}

/** One provider, as this service speaks with it. Nothing rejects for what a provider does. */
export interface ProviderClient {
  /** Where the browser is led. */
  address(asked: Asked): Promise<{ kind: 'address'; url: string } | Failed>
  /** Verifies what the browser came back with, and has the code exchanged. */
  redeem(answer: URLSearchParams, expected: Pick<Asked, 'state' | 'nonce' | 'verifier'>): Promise<Proven | Failed>
  /** Where a browser is signed out there too; nothing where the provider has no such page, or does not answer. */
  signOutAddress(idToken: string | undefined, back: string): Promise<string | undefined>
  /** What the provider says about itself. */
  metadata(): Promise<{ kind: 'known'; server: ServerMetadata } | Failed>
}

/**
 * Speaks OpenID Connect (Core §3.1, RFC 9700) with a provider: PKCE, state, nonce and `iss` (RFC 9207) are always checked, and the
 * signature of an ID token even where it came over TLS. What is known of the provider is asked for when somebody needs it.
 */
export function createProviderClient(
  provider: Provider,
  { clock, redirectUri }: { clock: Clock; redirectUri: string },
): ProviderClient {
  const { kind, parameters = {} } = presets[provider.preset]
  let known: { config: Configuration; until: number } | undefined
  let asking: Promise<Configuration> | undefined

  async function ask(): Promise<Configuration> {
    const openid = await import('openid-client')
    const metadata = {
      // The clock of the service is not always that of the machine.
      [openid.clockSkew]: Math.round((clock.now() - Date.now()) / 1000),
      [openid.clockTolerance]: clockToleranceSeconds,
    }
    const secret = clientSecretOf(provider, openid, clock)
    const isPlain = provider.issuer.startsWith('http:')
    const execute = [...(isPlain ? [openid.allowInsecureRequests] : []), openid.enableNonRepudiationChecks]
    const options = { execute, timeout: answersWithinSeconds, [openid.customFetch]: boundedFetch as never }
    if (kind !== 'github') {
      return openid.discovery(new URL(provider.issuer), provider.client_id, metadata, secret, options)
    }
    const config = new openid.Configuration(githubMetadata(provider.issuer), provider.client_id, metadata, secret)
    for (const extension of execute) extension(config)
    config.timeout = answersWithinSeconds
    config[openid.customFetch] = boundedFetch as never
    return config
  }

  /** Whoever asks while somebody else does waits for the same answer. What was known before goes on while there is no newer answer. */
  async function configuration(): Promise<Configuration> {
    const now = clock.now()
    if (known !== undefined && now < known.until) return known.config
    asking ??= ask().finally(() => void (asking = undefined))
    try {
      const config = await asking
      known = { config, until: now + metadataSeconds * 1000 }
      return config
    } catch (error) {
      if (known === undefined) throw error
      return known.config
    }
  }

  /** Whether the ID token alone says too little of somebody. */
  const saysTooLittle = (claims: Claims) =>
    claims['email'] === undefined ||
    (claims['name'] ?? claims['preferred_username']) === undefined ||
    (needsGroups(provider) && claimAt(claims, provider.groups_claim) === undefined)

  async function exchange(
    answer: URLSearchParams,
    { state, nonce, verifier }: Parameters<ProviderClient['redeem']>[1],
  ): Promise<Proven> {
    const [openid, config] = await Promise.all([import('openid-client'), configuration()])
    const address = new URL(redirectUri)
    address.search = answer.toString()
    const isOpenid = kind !== 'github'
    const tokens = await openid.authorizationCodeGrant(config, address, {
      expectedState: state,
      pkceCodeVerifier: verifier,
      ...(isOpenid && { expectedNonce: nonce, idTokenExpected: true }),
    })
    if (!isOpenid) {
      const withOrganisations = needsGroups(provider)
      const claims = await githubClaims(openid, config, tokens.access_token, { ...provider, withOrganisations })
      const all = { iss: provider.issuer, ...claims }
      return { kind: 'proven', signed: all, all, idToken: undefined }
    }
    const signed = tokens.claims()! as Claims
    const hasMore = config.serverMetadata().userinfo_endpoint !== undefined && saysTooLittle(signed)
    const more = hasMore ? await openid.fetchUserInfo(config, tokens.access_token, String(signed['sub'])) : {}
    return { kind: 'proven', signed, all: { ...more, ...signed }, idToken: tokens.id_token }
  }

  return {
    async address({ state, nonce, verifier, loginHint, isFresh, acrValues }) {
      try {
        const [openid, config] = await Promise.all([import('openid-client'), configuration()])
        const url = openid.buildAuthorizationUrl(config, {
          ...{ redirect_uri: redirectUri, scope: scopesOf(provider).join(' '), state, ...parameters },
          ...{ code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' },
          ...(kind !== 'github' && { nonce }),
          ...(loginHint !== undefined && { [kind === 'github' ? 'login' : 'login_hint']: loginHint }),
          ...(isFresh && kind !== 'github' && { max_age: '0', prompt: 'login' }),
          ...(acrValues.length > 0 && { acr_values: acrValues.join(' ') }),
          // Which accounts a page of Google offers; what counts is the claim.
          ...(provider.allow.hd.length === 1 && { hd: provider.allow.hd[0]! }),
        })
        return { kind: 'address', url: url.href }
      } catch (error) {
        return faultOf(error)
      }
    },
    async redeem(answer, expected) {
      try {
        return await exchange(answer, expected)
      } catch (error) {
        const fault = faultOf(error)
        // Whoever tries again is proven by a key that was announced meanwhile.
        if (fault.reason === 'unknown_key') known = undefined
        return fault
      }
    },
    async signOutAddress(idToken, back) {
      if (kind === 'github') return undefined
      try {
        const [openid, config] = await Promise.all([import('openid-client'), configuration()])
        if (config.serverMetadata().end_session_endpoint === undefined) return undefined
        const hint = idToken === undefined ? {} : { id_token_hint: idToken }
        return openid.buildEndSessionUrl(config, { ...hint, post_logout_redirect_uri: back }).href
      } catch (error) {
        faultOf(error)
        return undefined
      }
    },
    async metadata() {
      try {
        return { kind: 'known', server: (await configuration()).serverMetadata() }
      } catch (error) {
        return faultOf(error)
      }
    },
  }
}

/** Whether anything follows from the groups of a person. */
function needsGroups({ allow, roles }: Pick<Provider, 'allow' | 'roles'>): boolean {
  return allow.groups.length > 0 || allow.organisations.length > 0 || Object.keys(roles).length > 0
}

function scopesOf(provider: Provider): readonly string[] {
  const { scopes, preset } = provider
  const isAsked = preset === 'github' && needsGroups(provider) && !scopes.includes('read:org')
  return isAsked ? [...scopes, 'read:org'] : scopes
}
