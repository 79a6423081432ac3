import { type Static, Type } from '../../json-schema.ts'
import { administers, ListedName } from '../../http/admin-schema.ts'
import { PageOf, pageAsked, pageOf } from '../../http/lists.ts'
import { problems, strict } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { RoleAdministration } from './administer-roles.ts'

const Permissions = Type.Array(ListedName)
const shown = {
  name: Type.String(),
  permissions: Type.Array(Type.String()),
  source: Type.Enum(['built-in', 'file', 'operator'], {
    description: 'Where it is defined. Only those of an operator can be changed here.',
  }),
}
const example = { name: 'editor', permissions: ['reports:write'], source: 'operator' }
const Shown = Type.Object(shown, { description: 'The role as it is now.', examples: [example] })
/** A role as administrators see it. */
export type ShownRole = Static<typeof Shown>

const Deleted = Type.Object(
  { role: Type.String(), deleted: Type.Boolean(), users: Type.Integer({ description: 'How many held it.' }) },
  { description: 'It is gone, and nobody holds it.', examples: [{ role: 'editor', deleted: true, users: 3 }] },
)
export type DeletedRole = Static<typeof Deleted>
const RoleKey = Type.Object({ name: ListedName })
const Given = { params: RoleKey, body: Type.Object({ permissions: Permissions }, strict) }
const write = administers('gatehouse:roles:write')
const give = administers('gatehouse:roles:write', { fresh: true })

/** What administrators and operators do to roles. */
export async function roleRoutes(app: App, roles: RoleAdministration): Promise<void> {
  const ofOperator = (role: { name: string; permissions: string[] }) => ({ ...role, source: 'operator' as const })

  app.get(
    '/roles',
    administers('gatehouse:roles:read')('listRoles', 'All roles', {
      querystring: Type.Object(pageAsked(ListedName), strict),
      response: { 200: PageOf(Shown, { description: 'By name.' }) },
    }),
    ({ query }) =>
      pageOf(
        query,
        async (after, limit) => {
          const all = (await roles.list()).map((role) => ({ id: role.name, role }))
          return all
            .toSorted((one, other) => (one.id < other.id ? -1 : 1))
            .filter(({ id }) => after === undefined || id > after)
            .slice(0, limit)
        },
        ({ role }) => role,
      ),
  )

  app.post(
    '/roles',
    give('createRole', 'Define a role that does not exist yet', {
      body: Type.Object({ name: ListedName, permissions: Permissions }, strict),
      response: { 201: Shown, ...problems('conflict') },
    }),
    async ({ body: role }, reply) => {
      await roles.create(role)
      return reply.code(201).send(ofOperator(role))
    },
  )

  app.put(
    '/roles/:name/permissions',
    give('setPermissions', 'Replace what a role permits', {
      description: 'It counts from the next request of its holders on.',
      ...Given,
      response: { 200: Shown, ...problems('conflict', 'not_found') },
    }),
    async ({ params, body }) => {
      const role = { ...params, ...body }
      await roles.setPermissions(role)
      return ofOperator(role)
    },
  )

  app.put(
    '/roles/:name',
    give('putRole', 'Define a role, whether or not it exists', {
      ...Given,
      response: { 200: Shown, ...problems('conflict') },
    }),
    async ({ params, body }) => {
      const role = { ...params, ...body }
      await roles.put(role)
      return ofOperator(role)
    },
  )

  app.delete(
    '/roles/:name',
    write('deleteRole', 'Remove a role, and take it from everybody', {
      params: RoleKey,
      response: { 200: Deleted, ...problems('conflict', 'not_found') },
    }),
    async ({ params: { name } }) => ({ role: name, deleted: true, users: await roles.delete(name) }),
  )
}
