/** What is known of a kind of provider before anybody has asked it. */
export interface Preset {
  /** What the button says where the operator says nothing. */
  title?: string
  /** Left out: the operator names it. */
  issuer?: string
  scopes: readonly string[]
  /** `github`: OAuth 2 without metadata and ID tokens; `apple`: the client's secret is signed anew, and the answer comes as a form. */
  kind: 'openid' | 'github' | 'apple'
  /** The claim that says that the address was verified. */
  verifiedClaim: string
  /** What else stands in the question to the provider. */
  parameters?: Readonly<Record<string, string>>
}

const openid = {
  kind: 'openid',
  scopes: ['openid', 'profile', 'email'],
  verifiedClaim: 'email_verified',
} as const satisfies Preset

export const presetNames = ['oidc', 'google', 'entra', 'okta', 'keycloak', 'gitlab', 'apple', 'github'] as const
export type PresetName = (typeof presetNames)[number]

export const presets: Readonly<Record<PresetName, Preset>> = {
  oidc: openid,
  google: { ...openid, title: 'Google', issuer: 'https://accounts.google.com' },
  // Entra tells of no verified address; `xms_edov` is an optional claim by which it says that the owner of the domain was verified.
  entra: { ...openid, title: 'Microsoft', verifiedClaim: 'xms_edov' },
  okta: { ...openid, title: 'Okta' },
  keycloak: { ...openid, title: 'Keycloak' },
  gitlab: { ...openid, title: 'GitLab', issuer: 'https://gitlab.com' },
  apple: {
    kind: 'apple',
    title: 'Apple',
    issuer: 'https://appleid.apple.com',
    scopes: ['openid', 'email'],
    verifiedClaim: 'email_verified',
    parameters: { response_mode: 'form_post' },
  },
  github: {
    kind: 'github',
    title: 'GitHub',
    issuer: 'https://github.com',
    scopes: ['read:user', 'user:email'],
    verifiedClaim: 'email_verified',
  },
}

/** Tenants of Microsoft Entra that stand for any number of others. */
const sharedTenants = ['common', 'organizations', 'consumers'] as const

/** Whether an issuer of Microsoft Entra lets in people of any tenant. */
export function isSharedTenant(issuer: string): boolean {
  const { hostname, pathname } = new URL(issuer)
  return hostname === 'login.microsoftonline.com' && sharedTenants.some((name) => pathname.startsWith(`/${name}/`))
}
