/** People and a program to try things with. What is there already stays as it is. */
import { type Operator, pathOf } from '../../src/cli/operator.ts'
import { CommandError } from '../../src/cli/command.ts'

/** Of everybody; on this machine alone. */
export const password = 'correct horse battery'

export const people = [
  { email: 'root@gate.localhost', name: 'Root', roles: ['admin', 'staff'] },
  { email: 'ada@gate.localhost', name: 'Ada Lovelace', roles: ['staff'] },
  { email: 'bob@gate.localhost', name: 'Bob', roles: [] },
]

/** Makes what is missing; throws a `CommandError` when the service refuses it for another reason. */
export async function seed(operator: Operator): Promise<void> {
  for (const person of people) {
    if (!(await isThere(operator, pathOf('users', person.email))))
      await operator('POST', '/users', { ...person, password })
  }
  if (await isThere(operator, '/clients/reports-job')) return
  const lists = { redirect_uris: [], scopes: ['reports:read'], audiences: [] }
  await operator('POST', '/clients', {
    id: 'reports-job',
    name: 'Reports',
    grants: ['client_credentials'],
    ...lists,
    public: false,
  })
}

async function isThere(operator: Operator, path: string): Promise<boolean> {
  try {
    await operator('GET', path)
    return true
  } catch (error) {
    if (error instanceof CommandError && /There is no such/.test(error.message)) return false
    throw error
  }
}
