import { caddyConfig } from './caddy.ts'
import { envoyConfig } from './envoy.ts'
import { haproxyConfig, haproxyLua } from './haproxy.ts'
import { nginxConfig } from './nginx.ts'
import type { ProxySetup } from './setup.ts'
import { traefikDynamic, traefikStatic } from './traefik.ts'
import { traefikGateway, traefikIngressRoutes } from './traefik-kubernetes.ts'
import { traefikLabels } from './traefik-labels.ts'

/** The files that a proxy needs, by the name of the part; the first is what is printed when no part is named. */
export const proxyConfigs: Record<string, Record<string, (setup: ProxySetup) => string>> = {
  traefik: {
    dynamic: traefikDynamic,
    static: traefikStatic,
    labels: traefikLabels,
    ingressroute: traefikIngressRoutes,
    gateway: traefikGateway,
  },
  nginx: { conf: nginxConfig },
  caddy: { caddyfile: caddyConfig },
  haproxy: { cfg: haproxyConfig, lua: haproxyLua },
  envoy: { yaml: envoyConfig },
}
