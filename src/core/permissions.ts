import { adminRole, type Principal } from './principal.ts'

/**
 * The permissions of the service's own administration. Applications call theirs `users:write` and the like, so these have a
 * prefix that nothing else may use: see `isReservedName`.
 */
export const ownPermissions = [
  'gatehouse:users:read',
  'gatehouse:users:write',
  'gatehouse:sessions:read',
  'gatehouse:sessions:write',
  'gatehouse:roles:read',
  'gatehouse:roles:write',
  'gatehouse:clients:read',
  'gatehouse:clients:write',
  'gatehouse:api-keys:read',
  'gatehouse:api-keys:write',
  'gatehouse:signing-keys:read',
  'gatehouse:signing-keys:write',
  'gatehouse:mails:read',
  'gatehouse:mails:write',
  'gatehouse:audit:read',
  'gatehouse:access:explain',
] as const
export type OwnPermission = (typeof ownPermissions)[number]

/** Whether a name of a permission, scope or role belongs to the service itself, however its letters are cased. */
export function isReservedName(name: string): boolean {
  return /^gatehouse:/i.test(name)
}

/** The same in words, after "expected" or "must be". */
export const notReserved = 'another name: those that begin with "gatehouse:" belong to the service itself'

/**
 * Whether somebody may do a part of the administration. The built-in role `admin` holds all of its permissions, and no other
 * role can hold one. A program, or a token that acts for a person, holds none.
 */
export function mayAdminister(principal: Principal, _permission: OwnPermission): boolean {
  return principal.kind === 'user' && principal.roles.includes(adminRole)
}
