import { subscribe } from 'node:diagnostics_channel'
import type { RouteOptions } from 'fastify'
import { describeService } from '../../openapi/service.ts'
import type { App } from '../../src/http/server.ts'
import { code, table } from './table.ts'

/** Every route of the service, those that the OpenAPI document leaves out as well, and who may call it. */
export async function routes(): Promise<string> {
  const [service = [], control = []] = await declaredRoutes()
  const paths = new Set(service.map(({ url }) => url))
  // The control socket has the routes of administration too, without what their paths begin with over HTTP.
  const commands = control.filter(({ url }) => !paths.has(`/api/admin${url}`))
  const inOrder = service.toSorted((one, other) => Number(one.url > other.url) - Number(one.url < other.url))
  const rows = [...inOrder, ...commands].flatMap(rowOf)
  return table(['method', 'path', 'who may call it', 'what it does'], rows)
}

/** The routes of each server that the service makes: the one that listens, and the one for commands. */
async function declaredRoutes(): Promise<RouteOptions[][]> {
  const servers: RouteOptions[][] = []
  subscribe('fastify.initialization', (message) => {
    const declared: RouteOptions[] = []
    servers.push(declared)
    ;(message as { fastify: App }).fastify.addHook('onRoute', (route) => void declared.push(route))
  })
  // The one for commands is made for the first of them.
  await describeService(({ control }) => control.inject({ url: '/' }))
  return servers
}

function rowOf({ method, url, config, schema }: RouteOptions): string[][] {
  const { summary = '', hide = false } = (schema ?? {}) as { summary?: string; hide?: boolean }
  const isQuestion = config?.access === 'proxy'
  // Proxies ask by every method: one route of each path is documented, and stands for all.
  if (isQuestion && hide) return []
  const methods = isQuestion
    ? 'any'
    : [method]
        .flat()
        .filter((name) => name !== 'HEAD' && name !== 'OPTIONS')
        .join(', ')
  return methods === '' ? [] : [[methods, code(url), callersOf(config), summary]]
}

const whoIsProven = 'who proved who they are a short while ago'

function callersOf({ access, permission, programs, fresh }: NonNullable<RouteOptions['config']> = {}): string {
  switch (access) {
    case 'admin':
      return `an administrator with ${code(permission!)}${fresh ? ` ${whoIsProven}` : ''}`
    case 'user':
      if (fresh) return `a signed-in person ${whoIsProven}`
      return programs ? 'a signed-in person, or a program that acts for them' : 'a signed-in person'
    case 'client':
      return 'a client, by its own credentials'
    case 'proxy':
      return 'a trusted proxy'
    case 'operator':
      return 'a command, over the control socket'
    case 'public':
      return 'anybody'
    default:
      throw new Error(`nobody has said who ${access} is`)
  }
}
