/** Second factors, as people have them: an authenticator app, and recovery codes on paper. */
import { Secret, TOTP } from 'otpauth'
import { type Answer, bearer, type Service, type SignedIn, type TestUser } from './service.ts'

export interface Authenticator {
  /** As it was typed into the app. */
  secret: string
  recoveryCodes: string[]
}
export interface WithFactor extends Authenticator {
  user: TestUser
  /** Of the session in which it was set up, which is at `aal2`. */
  cookie: string
  accessToken: string
}

/** What the app shows, so many seconds from now. */
export function codeOf({ clock }: Pick<Service, 'clock'>, secret: string, seconds = 0): string {
  const totp = new TOTP({ secret: Secret.fromBase32(secret) })
  return totp.generate({ timestamp: clock.now() + seconds * 1000 })
}

/** The next code that was not used yet: half a minute later. */
export function nextCode(service: Pick<Service, 'clock'>, secret: string): string {
  service.clock.advance(30)
  return codeOf(service, secret)
}

/** The key that a page shows to be typed into an app. */
export const keyOn = ({ body }: Pick<Answer, 'body'>) =>
  /aria-labelledby="key-label"\s*>([^<]+)</.exec(body)![1]!.replaceAll(' ', '')

export const post = (service: Service, path: string, json: object, headers: Record<string, string> = {}) =>
  service.call(path, { method: 'POST', json, headers })

/** Sets up an authenticator app for somebody who is signed in. */
export async function setUpTotp(service: Service, signedIn: Pick<SignedIn, 'cookie'>): Promise<Authenticator> {
  const headers = { cookie: signedIn.cookie }
  const { secret } = (await service.call('/api/users/me/mfa/totp', { method: 'POST', headers })).json()
  const answer = await post(service, '/api/users/me/mfa/totp/confirm', { code: codeOf(service, secret) }, headers)
  if (answer.status !== 200) throw new Error(`not set up: ${answer.status} ${answer.body}`)
  return { secret, recoveryCodes: answer.json().recovery_codes }
}

/** Somebody with an authenticator app, signed in at `aal2`. */
export async function createWithFactor(
  service: Service,
  given: Parameters<Service['createUser']>[0] = {},
): Promise<WithFactor> {
  const user = await service.createUser(given)
  const signedIn = await service.signIn(user)
  const { secret, recoveryCodes } = await setUpTotp(service, signedIn)
  const proof = { code: nextCode(service, secret) }
  const raised = await post(service, '/api/auth/step-up', proof, { cookie: signedIn.cookie })
  const cookie = `gatehouse=${raised.cookies['gatehouse']}`
  return { user, secret, recoveryCodes, cookie, accessToken: raised.json().access_token }
}

/** Gives the password: the answer to whoever has a second factor is how to go on. */
export const givePassword = (service: Service, { email, password }: TestUser, headers: Record<string, string> = {}) =>
  post(service, '/api/auth/login', { email, password, token_delivery: 'body' }, headers)

export async function mfaTokenOf(
  service: Service,
  user: TestUser,
  headers: Record<string, string> = {},
): Promise<string> {
  const answer = await givePassword(service, user, headers)
  if (answer.status !== 403) throw new Error(`no second step: ${answer.status} ${answer.body}`)
  return answer.json().mfa_token
}

/** Signs in with password and code. */
export async function signInWithCode(service: Service, user: TestUser, code: string): Promise<Answer> {
  return post(service, '/api/auth/mfa', { mfa_token: await mfaTokenOf(service, user), code })
}

export const stepUpBy = (service: Service, accessToken: string, proof: object) =>
  post(service, '/api/auth/step-up', proof, bearer(accessToken))
