import { Type } from '../../json-schema.ts'
import { maxAudiences, maxScopeLength } from '../../core/sizes.ts'
import { documentedAs } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { AuthenticateClient } from '../clients/index.ts'
import type { RequestDeviceCode } from '../openid/index.ts'
import {
  clientOf,
  clientParameters,
  clientSecurity,
  oauthErrors,
  requireForm,
  Text,
  useOAuthErrors,
} from './http/client-requests.ts'

export const deviceAuthorizationPath = '/oauth/device_authorization'
/** The page where people enter what their device shows; short, since they type it. */
const verificationPath = '/device'

const DeviceForm = Type.Object(
  {
    scope: Text(maxScopeLength, { examples: ['openid profile'] }),
    resource: Type.Optional(Type.Array(Type.String({ maxLength: 2_048 }), { maxItems: maxAudiences })),
    ...clientParameters,
  },
  documentedAs({}),
)
const DeviceAnswer = Type.Object(
  {
    device_code: Type.String({ description: 'What the device asks the token endpoint with.' }),
    user_code: Type.String({ description: 'What it shows.' }),
    verification_uri: Type.String({ description: 'Where the person enters that.' }),
    verification_uri_complete: Type.String({ description: 'The same with the code in it, such as for a QR code.' }),
    expires_in: Type.Integer({ description: 'Seconds.' }),
    interval: Type.Integer({ description: 'Seconds to wait between two questions; `slow_down` adds five.' }),
  },
  {
    description: 'RFC 8628 §3.2.',
    examples: [
      {
        device_code: 'cGd0UWxNb2lZbDRhR0pXcU1nZ2tYUWxSbE9zWVdSWkE',
        user_code: 'WDJB-MJHT',
        verification_uri: 'https://auth.example.com/device',
        verification_uri_complete: 'https://auth.example.com/device?user_code=WDJB-MJHT',
        expires_in: 600,
        interval: 5,
      },
    ],
  },
)

/** Where the device flow begins (RFC 8628 §3.1), for clients that authenticate as at the token endpoint. */
export async function deviceAuthorizationRoutes(
  app: App,
  options: { authenticateClient: AuthenticateClient; requestDeviceCode: RequestDeviceCode; issuer: string },
): Promise<void> {
  const { authenticateClient, requestDeviceCode, issuer } = options
  useOAuthErrors(app, ['resource'])

  app.post(
    deviceAuthorizationPath,
    {
      config: { access: 'client' },
      preValidation: requireForm,
      schema: {
        operationId: 'authorizeDevice',
        summary: 'Have a person let a device in',
        description:
          'RFC 8628: for a device without a browser. It shows the code that it gets here, and asks the token endpoint until the person ' +
          'has decided elsewhere.',
        tags: ['OAuth'],
        security: clientSecurity,
        consumes: ['application/x-www-form-urlencoded'],
        body: DeviceForm,
        response: { 200: DeviceAnswer, ...oauthErrors('unauthorized_client', 'invalid_scope', 'invalid_target') },
      },
    },
    async (request) => {
      const { body } = request
      const client = await clientOf(authenticateClient, request, body)
      const issued = await requestDeviceCode(client, {
        scope: body.scope,
        resources: body.resource ?? [],
        ip: request.ip,
        userAgent: (request.headers['user-agent'] ?? '').replace(/[^\x20-\x7e]/g, '?'),
      })
      const page = issuer + verificationPath
      return {
        device_code: issued.deviceCode,
        user_code: issued.userCode,
        verification_uri: page,
        verification_uri_complete: `${page}?user_code=${issued.userCode}`,
        expires_in: issued.expiresInSeconds,
        interval: issued.intervalSeconds,
      }
    },
  )
}
