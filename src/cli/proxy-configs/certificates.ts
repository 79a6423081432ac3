import { certificateClaims } from '../../features/forward-auth/claimed-headers.ts'
import type { IssuerPlace } from './places.ts'

/** What is told of certificates that clients have (RFC 8705). */
export interface Certificates {
  /** In which header. */
  readonly header: string
  /** Whether anything is: the proxy ends TLS, and gatehouse.yaml wants it. Otherwise no client's own gets through. */
  readonly areTold: boolean
  /** Where the service is beside the issuer's host, which then asks nobody for one; nothing where it is not on the same port. */
  readonly place: IssuerPlace | undefined
  /** Whether clients are asked for one at a host. */
  asksAt(name: string): boolean
}

/** The `client_certificates` section of gatehouse.yaml. */
export interface CertificateSettings {
  readonly enabled: boolean
  readonly header: string
  readonly host?: string | undefined
}

/** Throws a message for the operator where nobody would be believed, or a rule were for a host of the service's own. */
export function certificatesOf(
  { enabled, header, host }: CertificateSettings = { enabled: false, header: certificateClaims[0] },
  edge: {
    tls: boolean
    issuer: IssuerPlace | undefined
    /** The port that browsers see. */
    port: number
    edgeSecret: string | undefined
    hosts: readonly { name: string; port: number }[]
    /** Name and port of a host. */
    split(host: string): { name: string; port: number }
  },
): Certificates {
  const { issuer } = edge
  const areTold = enabled && edge.tls
  if (areTold && edge.edgeSecret === undefined) {
    throw new Error('client_certificates needs --edge-secret-stdin: nobody who shows no secret is believed')
  }
  const own = host === undefined ? undefined : edge.split(host)
  if (edge.hosts.some(({ name, port }) => name === own?.name && port === own.port)) {
    throw new Error(`${host} is a host of the service itself (client_certificates.host), which no rule can protect`)
  }
  const isHere = issuer !== undefined && own?.port === edge.port
  return {
    ...{ header, areTold },
    place: enabled && isHere ? { ...issuer, name: own.name, isShared: false } : undefined,
    asksAt: (name) => areTold && (own === undefined || name !== issuer?.name || issuer.isShared),
  }
}

/** The header, where it is none of those that are known. */
export function uncommonHeader({ header }: Certificates): string[] {
  return certificateClaims.some((name) => name.toLowerCase() === header.toLowerCase()) ? [] : [header]
}

/** Every header in which certificates are told. */
export function certificateNames(certificates: Certificates): string[] {
  return [...certificateClaims, ...uncommonHeader(certificates)]
}
