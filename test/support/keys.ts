/** What tests of signing keys ask a service for. */
import { decodeProtectedHeader } from 'jose'
import type { Backend } from './backends.ts'
import { asks, bearer, type Service, type ServiceOptions, startService } from './service.ts'

export const hour = 3_600
export const day = 86_400

export const kidOf = (token: string): string => decodeProtectedHeader(token).kid!

/** Kids of the published set, in its order. */
export const published = async (service: Service): Promise<string[]> =>
  (await service.call('/.well-known/jwks.json')).json().keys.map(({ kid }: { kid: string }) => kid)

/** Every stored key as `status kid`, the last to sign first. */
export const ringOf = async (service: Service): Promise<string[]> =>
  (await service.list<{ kid: string; status: string }>('/keys')).map(({ kid, status }) => `${status} ${kid}`)

export const atEdge = (service: Service, token: string) =>
  service.call('/forward-auth', { headers: { ...asks({ path: '/reports' }), ...bearer(token) } })
export const profile = (service: Service, token: string) => service.call('/api/users/me', { headers: bearer(token) })

/** Asks until the answer has this status; the test's own timeout ends a wait in vain. */
export async function untilStatus(status: number, ask: () => Promise<{ status: number }>): Promise<void> {
  while ((await ask()).status !== status) continue
}

/** Waits until a replica publishes what another one does. */
export async function inStep(service: Service, other: Service): Promise<void> {
  const goal = (await service.call('/.well-known/jwks.json')).body
  while ((await other.call('/.well-known/jwks.json')).body !== goal) continue
}

/** Two replicas where state can be shared, otherwise the one service in both roles. */
export async function startTwo(
  t: { teardown(after: () => unknown): unknown },
  backend: Backend,
  options: Pick<ServiceOptions, 'yaml'> = {},
) {
  const service = await startService(t, { backend, ...options })
  const other = service.backend.replica === undefined ? service : await startService(t, { beside: service, ...options })
  return [service, other] as const
}
