/** The service behind real nginx, beside a host that it guards, for programs that sign people in by it. */
import type { Test } from 'tap'
import { startProxy } from './proxies.ts'
import { freePort } from './servers.ts'
import { ask, bearer, type Service, startService, type TestUser } from './service.ts'
import { startUpstream, valuesOf } from './upstream.ts'

const apiHost = 'api.example.test'
/** The audience of the guarded host. */
export const apiAudience = 'https://api.example.com'

export interface Grounds {
  service: Service
  ada: TestUser
  /** Asks the guarded host by an access token: whom its application sees, or the status of a refusal. */
  callApi(token: string): Promise<string | number>
}

export async function setGrounds(t: Test): Promise<Grounds> {
  const [port, upstream] = [await freePort(), await startUpstream(t)]
  const issuer = `http://localhost:${port}`
  const hosts = { [`${apiHost}:${port}`]: { audience: apiAudience, rules: [{ allow: 'signed-in' }] } }
  const service = await startService(t, { yaml: { hosts }, environment: { GATEHOUSE_ISSUER: issuer } })
  await startProxy(t, 'nginx', {
    ...{ port, hosts, issuer, servicePort: service.port, upstreamPort: upstream.port },
  })
  return {
    service,
    ada: await service.createUser(),
    async callApi(token) {
      const { status } = await ask(port, '/reports', { headers: { host: `${apiHost}:${port}`, ...bearer(token) } })
      return status === 200 ? (valuesOf(upstream.arrived.at(-1)!, 'X-Auth-Subject')[0] ?? 'nobody') : status
    },
  }
}
