import type { DeletedRole, ShownRole } from '../features/roles/index.ts'
import { command, group, print, texts } from './command.ts'
import { everyItem, pathOf, withOperator } from './operator.ts'

const at = (name: string) => pathOf('roles', name)
const permission = texts('PERMISSION', 'what its holders may do, such as reports:read; may be repeated')

/** Roles: `role create|set-permissions|list|delete`. */
export const role = group({
  create: command({
    summary: 'define a role that does not exist yet',
    arguments: ['name'],
    options: { permission },
    example: 'role create editor --permission reports:read --permission reports:write',
    async run({ permission: permissions, json }, name) {
      print(await withOperator((operator) => operator<ShownRole>('POST', '/roles', { name, permissions })), json)
    },
  }),
  'set-permissions': command({
    summary: 'replace what a role permits, from the next request of its holders on',
    arguments: ['name'],
    options: { permission },
    example: 'role set-permissions editor --permission reports:read',
    async run({ permission: permissions, json }, name) {
      print(
        await withOperator((operator) => operator<ShownRole>('PUT', `${at(name)}/permissions`, { permissions })),
        json,
      )
    },
  }),
  list: command({
    summary: 'show every role and what it permits',
    example: 'role list',
    async run({ json }) {
      const roles = await withOperator((operator) => everyItem<ShownRole>(operator, '/roles'))
      // Those of the service itself are many, and one thing to people.
      const brief = (one: ShownRole) => (one.source === 'built-in' ? { ...one, permissions: ['gatehouse:*'] } : one)
      print(json ? roles : roles.map(brief), json)
    },
  }),
  delete: command({
    summary: 'remove a role, and take it away from everybody',
    arguments: ['name'],
    example: 'role delete editor',
    async run({ json }, name) {
      print(await withOperator((operator) => operator<DeletedRole>('DELETE', at(name))), json)
    },
  }),
})
