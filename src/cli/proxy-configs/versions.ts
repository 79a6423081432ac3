/**
 * The lowest release of each proxy that the printed configurations are made for: older ones lack a setting of theirs, or have
 * a known way around a decision.
 */
export const lowestVersions = { nginx: '1.22', caddy: '2.6', haproxy: '2.6', traefik: '3.7.13', envoy: '1.36' } as const
