/** What may be ended in a cluster: how each kind is obtained, used everywhere, and ended. */
import { type Cluster, signInAt } from './cluster.ts'
import type { Running } from './program.ts'
import { asks, bearer, newClient } from './service.ts'

/** Something that may be ended: ways to use it, which all work, and the way to end it. */
export interface Grant {
  uses: Record<string, (service: Running) => Promise<boolean>>
  end(): Promise<unknown>
}
export type Prepare = (cluster: Cluster, resourceServer: Record<string, string>) => Promise<Grant>

/** Whether the edge lets a request through. */
export async function passes(service: Running, headers: Record<string, string>, path = '/reports'): Promise<boolean> {
  return (await service.call('/forward-auth', { headers: { ...asks({ path }), ...headers } })).status === 200
}
async function isActive(service: Running, token: string, form: Record<string, string>, headers = {}): Promise<boolean> {
  const answer = await service.call('/oauth/introspect', { method: 'POST', form: { ...form, token }, headers })
  return answer.status === 200 && answer.json().active === true
}

/** A person signed in at the first process. */
function person(
  end: (cluster: Cluster, held: { id: string; cookie: string; refreshToken: string }) => Promise<unknown>,
): Prepare {
  return async (cluster, resourceServer) => {
    const user = await cluster.createUser()
    const held = await signInAt(cluster.one, user)
    const token = bearer(held.accessToken)
    return {
      uses: {
        'the token at the edge': (service) => passes(service, token),
        'the cookie at the edge': (service) => passes(service, { cookie: held.cookie }),
        introspection: (service) => isActive(service, held.accessToken, resourceServer),
        'the API': async (service) => (await service.call('/api/users/me', { headers: token })).status === 200,
      },
      end: () => end(cluster, { id: user.id, ...held }),
    }
  }
}

let addresses = 0

/** The ways to use an API key, from an address of its own: once it is refused, each further try counts. */
function usesOfKey(key: string, form: Record<string, string>, atApi: number): Grant['uses'] {
  const from = { 'x-forwarded-for': `192.0.2.${++addresses}` }
  return {
    'the key as bearer token at the edge': (service) => passes(service, { ...bearer(key), ...from }),
    'the key as X-API-Key at the edge': (service) => passes(service, { 'x-api-key': key, ...from }),
    introspection: (service) => isActive(service, key, form, from),
    'the API': async (service) => {
      const { status } = await service.call('/api/users/me', { headers: { 'x-api-key': key, ...from } })
      return status === atApi
    },
  }
}

/** Makes an API key of whoever is signed in at the first process. */
export async function makeKey({ one }: Cluster, cookie: string): Promise<{ id: string; key: string }> {
  const headers = { cookie, origin: 'http://auth.example.test' }
  const call = { method: 'POST', headers, json: { name: 'Job', scopes: [] } }
  return (await one.call('/api/users/me/api-keys', call)).json()
}

/** An API key of a person. */
function personsKey(end: (cluster: Cluster, held: { id: string; key: string; cookie: string }) => Promise<unknown>) {
  const prepare: Prepare = async (cluster, resourceServer) => {
    const { cookie } = await signInAt(cluster.one, await cluster.createUser())
    const { id, key } = await makeKey(cluster, cookie)
    return { uses: usesOfKey(key, resourceServer, 200), end: () => end(cluster, { id, key, cookie }) }
  }
  return prepare
}

/** An API key of a client. */
function clientsKey(end: (cluster: Cluster, held: { id: string; client: string }) => Promise<unknown>) {
  const prepare: Prepare = async (cluster, resourceServer) => {
    const { client_id: client } = await createClient(cluster)
    const { id, key } = await cluster.operate('POST', '/api-keys', { client, name: 'Job', scopes: [] })
    // There it is known, and told that it is no person.
    return { uses: usesOfKey(key, resourceServer, 403), end: () => end(cluster, { id, client }) }
  }
  return prepare
}

/** A token of a client that was exchanged for another one's of a person. */
const exchanged: Prepare = async (cluster, resourceServer) => {
  const { accessToken } = await signInAt(cluster.one, await cluster.createUser())
  const grant_type = 'urn:ietf:params:oauth:grant-type:token-exchange'
  const { client_id, client_secret } = await createClient(cluster, { grants: [grant_type] })
  const subject = {
    subject_token: accessToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  }
  const form = { grant_type, client_id, client_secret, ...subject }
  const { access_token } = (await cluster.one.call('/oauth/token', { method: 'POST', form })).json()
  const token = bearer(access_token)
  return {
    uses: {
      'the exchanged token at the edge': (service) => passes(service, token),
      introspection: (service) => isActive(service, access_token, resourceServer),
      'the API': async (service) => (await service.call('/api/users/me', { headers: token })).status === 200,
    },
    end: () =>
      cluster.one.call('/oauth/revoke', { method: 'POST', form: { client_id: 'gatehouse', token: accessToken } }),
  }
}

/** What the people and programs themselves ask for, at the first process. */
export const byRequest: Record<string, Prepare> = {
  'logging out': person(({ one }, { cookie }) => one.call('/api/auth/logout', { method: 'POST', headers: { cookie } })),
  'revoking the session by its refresh token': person(({ one }, { refreshToken }) =>
    one.call('/oauth/revoke', { method: 'POST', form: { client_id: 'gatehouse', token: refreshToken } }),
  ),
  'revoking an API key of one’s own': personsKey(({ one }, { id, cookie }) =>
    one.call(`/api/users/me/api-keys/${id}`, {
      method: 'DELETE',
      headers: { cookie, origin: 'http://auth.example.test' },
    }),
  ),
  'revoking an API key as a token': personsKey(({ one }, { key }) =>
    one.call('/oauth/revoke', { method: 'POST', form: { client_id: 'gatehouse', token: key } }),
  ),
  'revoking the token that another was exchanged from': exchanged,
}
/** What operators do beside both processes. */
export const byOperator: Record<string, Prepare> = {
  'revoking a person’s API key': personsKey(({ operate }, { id }) => operate('DELETE', `/api-keys/${id}`)),
  'revoking a client’s API key': clientsKey(({ operate }, { id }) => operate('DELETE', `/api-keys/${id}`)),
  'deleting the client that owns an API key': clientsKey(({ operate }, { client }) =>
    operate('DELETE', `/clients/${client}`),
  ),
  'disabling the user': person(({ operate }, { id }) => operate('PUT', `/users/${id}/status`, { status: 'disabled' })),
  'a new password': person(({ operate }, { id }) =>
    operate('PUT', `/users/${id}/password`, { password: 'another long passphrase' }),
  ),
  async 'withdrawing a role'(cluster) {
    const user = await cluster.createUser(['admin'])
    const held = await signInAt(cluster.one, user)
    const [token, cookie] = [bearer(held.accessToken), { cookie: held.cookie }]
    const question = { method: 'GET', url: 'http://app.example.test/', as: { user: user.id } }
    return {
      uses: {
        'the token at the edge': (service) => passes(service, token, '/admin/'),
        'the cookie at the edge': (service) => passes(service, cookie, '/admin/'),
        'the API': async (service) => {
          const call = { method: 'POST', json: question, headers: token }
          const { status } = await service.call('/api/admin/access/explain', call)
          return status !== 403 && status !== 503
        },
      },
      end: () => cluster.operate('DELETE', `/users/${user.id}/roles/admin`),
    }
  },
  async 'deleting a client'(cluster, resourceServer) {
    const { client_id, client_secret } = await createClient(cluster)
    const form = { grant_type: 'client_credentials', client_id, client_secret }
    const { access_token } = (await cluster.one.call('/oauth/token', { method: 'POST', form })).json()
    return {
      uses: {
        'the token at the edge': (service) => passes(service, bearer(access_token)),
        introspection: (service) => isActive(service, access_token, resourceServer),
        'new tokens': async (service) => (await service.call('/oauth/token', { method: 'POST', form })).status === 200,
      },
      end: () => cluster.operate('DELETE', `/clients/${client_id}`),
    }
  },
}

/** Registers a program. */
export function createClient(
  cluster: Cluster,
  change: object = {},
): Promise<{ client_id: string; client_secret: string }> {
  return cluster.operate('POST', '/clients', { ...newClient, ...change })
}
