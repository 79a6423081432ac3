/** An authenticator in software (ES256), and what a browser does with it: passkeys that a test can make say anything. */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isoCBOR } from '@simplewebauthn/server/helpers'
import type { NewCredential, ShownCredential } from '../../src/core/passkey-answers.ts'
import { post } from './factors.ts'
import type { Answer, Service, SignedIn } from './service.ts'

/** What an answer says, where it does not say what is right. */
export interface Says {
  challenge?: string
  origin?: string
  rpId?: string
  type?: string
  crossOrigin?: boolean
  isVerified?: boolean
  backupEligible?: boolean
  backedUp?: boolean
  counter?: number
  userHandle?: string | null
  id?: string
}
interface Options {
  challenge: string
}

export interface SoftPasskey {
  id: string
  /** Answers a challenge. */
  show(options: Options, says?: Says): ShownCredential
  /** The same key on another device, which knows nothing of later uses. */
  copy(): SoftPasskey
}

/** Makes a passkey as a browser on a page of the service does. `counts`: its counter rises with each use. */
export function makePasskey(
  service: Pick<Service, 'issuer'>,
  options: Options & { user: { id: string } },
  { counts = false, ...made }: Says & { counts?: boolean } = {},
): { credential: NewCredential; passkey: SoftPasskey } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x, y } = publicKey.export({ format: 'jwk' })
  const id = randomBytes(16)
  const cose = isoCBOR.encode(
    new Map<number, number | Uint8Array>([
      ...([
        [1, 2],
        [3, -7],
        [-1, 1],
      ] as const),
      [-2, new Uint8Array(Buffer.from(x!, 'base64url'))],
      [-3, new Uint8Array(Buffer.from(y!, 'base64url'))],
    ]),
  )
  const facts = { backupEligible: true, backedUp: true, ...made }
  const clientData = ({ challenge }: Options, type: string, says: Says) =>
    Buffer.from(
      JSON.stringify({
        type: says.type ?? type,
        challenge: says.challenge ?? challenge,
        origin: says.origin ?? service.issuer,
        crossOrigin: says.crossOrigin ?? false,
      }),
    )
  const authenticatorData = (says: Says, counter: number, attested = Buffer.alloc(0)) => {
    const { isVerified = true, backupEligible, backedUp } = { ...facts, ...says }
    const rpId = says.rpId ?? new URL(service.issuer).hostname
    const flags =
      1 | (isVerified ? 4 : 0) | (backupEligible ? 8 : 0) | (backedUp ? 16 : 0) | (attested.length > 0 ? 64 : 0)
    const head = Buffer.alloc(5)
    head.writeUInt8(flags)
    head.writeUInt32BE(says.counter ?? counter, 1)
    return Buffer.concat([createHash('sha256').update(rpId).digest(), head, attested])
  }

  function keep(used: number): SoftPasskey {
    let counter = used
    return {
      id: id.toString('base64url'),
      copy: () => keep(counter),
      show(asked, says = {}) {
        if (counts) counter++
        const data = authenticatorData(says, counter)
        const client = clientData(asked, 'webauthn.get', says)
        const signed = Buffer.concat([data, createHash('sha256').update(client).digest()])
        const { userHandle = options.user.id } = says
        const shown = says.id ?? id.toString('base64url')
        return {
          ...{ id: shown, rawId: shown, type: 'public-key' },
          response: {
            clientDataJSON: client.toString('base64url'),
            authenticatorData: data.toString('base64url'),
            signature: sign('sha256', signed, privateKey).toString('base64url'),
            ...(userHandle !== null && { userHandle }),
          },
        }
      },
    }
  }
  const length = Buffer.alloc(2)
  length.writeUInt16BE(id.length)
  const authData = authenticatorData(made, counts ? 1 : 0, Buffer.concat([Buffer.alloc(16), length, id, cose]))
  const attestation = new Map<string, unknown>([
    ['fmt', 'none'],
    ['attStmt', new Map()],
    ['authData', new Uint8Array(authData)],
  ])
  const credential: NewCredential = {
    ...{ id: id.toString('base64url'), rawId: id.toString('base64url'), type: 'public-key' },
    response: {
      clientDataJSON: clientData(options, 'webauthn.create', made).toString('base64url'),
      attestationObject: Buffer.from(isoCBOR.encode(attestation as never)).toString('base64url'),
      transports: ['internal'],
    },
  }
  return { credential, passkey: keep(counts ? 1 : 0) }
}

/** Adds a passkey to the account of somebody who is signed in. */
export async function addPasskey(
  service: Service,
  { cookie }: Pick<SignedIn, 'cookie'>,
  says: Parameters<typeof makePasskey>[2] & { name?: string } = {},
): Promise<{ passkey: SoftPasskey; answer: Answer }> {
  const { name = 'Phone', ...made } = says
  const options = (await post(service, '/api/users/me/passkeys/options', {}, { cookie })).json()
  const { credential, passkey } = makePasskey(service, options, made)
  return { passkey, answer: await post(service, '/api/users/me/passkeys', { name, credential }, { cookie }) }
}

/** Somebody with a passkey and no app, signed in by it. */
export async function createWithPasskey(service: Service, says: Parameters<typeof addPasskey>[2] = {}) {
  const user = await service.createUser()
  const { passkey, answer } = await addPasskey(service, await service.signIn(user), says)
  if (answer.status !== 201) throw new Error(`not added: ${answer.status} ${answer.body}`)
  const signedIn = await signInByPasskey(service, passkey)
  const cookie = `gatehouse=${signedIn.cookies['gatehouse']}`
  const { id, recovery_codes: recoveryCodes } = answer.json() as { id: string; recovery_codes: string[] }
  return { user, passkey, passkeyId: id, recoveryCodes, cookie, accessToken: signedIn.json().access_token as string }
}

export const loginOptions = async (service: Service, mfaToken?: string): Promise<Options> =>
  (await post(service, '/api/auth/passkey/options', { ...(mfaToken && { mfa_token: mfaToken }) })).json()

/** Signs in with a passkey alone, or as the second factor of the sign-in of an `mfa_token`. */
export async function signInByPasskey(
  service: Service,
  passkey: SoftPasskey,
  { mfaToken, says = {}, ...more }: { mfaToken?: string; says?: Says; token_delivery?: string } = {},
): Promise<Answer> {
  const credential = passkey.show(await loginOptions(service, mfaToken), says)
  return post(service, '/api/auth/passkey', { credential, ...(mfaToken && { mfa_token: mfaToken }), ...more })
}
