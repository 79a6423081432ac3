import type { Configuration, ServerMetadata } from 'openid-client'
import type { Claims } from './claims.ts'
import { NoAccount } from './provider-faults.ts'

/** GitHub knows OAuth 2 alone: its addresses are documented, and who somebody is says its API. */
export function githubMetadata(issuer: string): ServerMetadata {
  return {
    issuer,
    authorization_endpoint: `${issuer}/login/oauth/authorize`,
    token_endpoint: `${issuer}/login/oauth/access_token`,
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  }
}

/** Of github.com the API has a host of its own; an installation of GitHub Enterprise Server has it below its own address. */
function apiOf(issuer: string): string {
  return issuer === 'https://github.com' ? 'https://api.github.com' : `${issuer}/api/v3`
}

const accept = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' }

/**
 * Who somebody is at GitHub, in the words of OpenID Connect. The subject is the number of the account: names are given to others once
 * their owners have left them. `withOrganisations`: also of which organisations they are members, which needs the scope `read:org`.
 */
export async function githubClaims(
  openid: typeof import('openid-client'),
  config: Configuration,
  accessToken: string,
  { issuer, withOrganisations }: { issuer: string; withOrganisations: boolean },
): Promise<Claims> {
  const api = apiOf(issuer)
  async function ask(path: string): Promise<unknown> {
    const url = new URL(`${api}${path}`)
    const answer = await openid.fetchProtectedResource(config, accessToken, url, 'GET', null, new Headers(accept))
    if (!answer.ok) throw new NoAccount(`status_${answer.status}`, answer.status >= 500)
    return answer.json()
  }
  const [user, emails, organisations] = await Promise.all([
    ask('/user'),
    ask('/user/emails'),
    withOrganisations ? ask('/user/orgs?per_page=100') : [],
  ])
  const { id, login, name } = user as { id?: unknown; login?: unknown; name?: unknown }
  if (!Number.isSafeInteger(id)) throw new NoAccount('no_id')
  const primary = listOf(emails).find(({ primary: isPrimary }) => isPrimary === true)
  return {
    sub: String(id),
    preferred_username: login,
    name: name ?? login,
    email: primary?.['email'],
    email_verified: primary?.['verified'] === true,
    organisations: listOf(organisations).map(({ login: organisation }) => organisation),
  }
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : []
}
