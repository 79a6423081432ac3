import type { RequestTarget } from './request-target.ts'

/**
 * Where a protected host tells which authorization server stands for it (RFC 9728 §3). Behind it stands the path of the resource that
 * is asked about, so that the `resource` of the answer is the URL that a program has asked for (§3.3).
 */
export const resourceMetadataPath = '/.well-known/oauth-protected-resource'

type Place = Pick<RequestTarget, 'scheme' | 'authority' | 'path'>

/** Whether a path is one that a proxy should have led to the service without a question. */
export function isResourceMetadataPath(path: string): boolean {
  return path === resourceMetadataPath || path.startsWith(`${resourceMetadataPath}/`)
}

/** Where the metadata of a resource is. No path of a target holds what would end a quoted string of a header. */
export function resourceMetadataUrl({ scheme, authority, path }: Place): string {
  return `${scheme}://${authority}${resourceMetadataPath}${path === '/' ? '' : path}`
}

/** The identifier of a resource: without a query, which is no part of what it is. */
export function resourceOf({ scheme, authority, path }: Place): string {
  return `${scheme}://${authority}${path === '/' ? '' : path}`
}
