import type { ClientAuth } from 'openid-client'
import type { Clock } from '../../core/clock.ts'
import type { Provider } from './settings.ts'

/** How long a secret counts that is signed for Apple: for one request. */
const secretSeconds = 300

/** How this service proves at a provider who it is, by what the provider says that it takes (OpenID Connect Core §9). */
export function clientSecretOf(
  { secret, apple, issuer }: Pick<Provider, 'secret' | 'apple' | 'issuer'>,
  openid: typeof import('openid-client'),
  clock: Clock,
): ClientAuth {
  if (secret === undefined) return openid.None()
  if (apple !== undefined) return signedSecret({ key: secret, ...apple, issuer }, openid, clock)
  const [basic, post] = [openid.ClientSecretBasic(secret), openid.ClientSecretPost(secret)]
  return (server, ...request) => {
    // Without a word about it a provider takes Basic (RFC 8414 §2).
    const { token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] } = server
    return (methods.includes('client_secret_basic') ? basic : post)(server, ...request)
  }
}

/** Apple takes a token in place of a secret, signed by a key of the developer's. */
function signedSecret(
  { key, team_id, key_id, issuer }: { key: string; team_id: string; key_id: string; issuer: string },
  openid: typeof import('openid-client'),
  clock: Clock,
): ClientAuth {
  // The type says less than the library does: it waits for what is returned (oauth4webapi).
  const authenticate = async (...[server, client, ...request]: Parameters<ClientAuth>): Promise<void> => {
    const { importPKCS8, SignJWT } = await import('jose')
    const now = Math.floor(clock.now() / 1000)
    const secret = await new SignJWT()
      .setProtectedHeader({ alg: 'ES256', kid: key_id })
      .setIssuer(team_id)
      .setSubject(client.client_id)
      .setAudience(issuer)
      .setIssuedAt(now)
      .setExpirationTime(now + secretSeconds)
      .sign(await importPKCS8(key, 'ES256'))
    openid.ClientSecretPost(secret)(server, client, ...request)
  }
  const told: unknown = authenticate
  return told as ClientAuth
}
