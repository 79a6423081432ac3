/**
 * Where the service is found on hosts that its session cookie does not reach: paths of those hosts that lead to it, and to no
 * application. No other path below `/_gatehouse/` is there.
 */
export const hostPaths = { start: '/_gatehouse/start', finish: '/_gatehouse/finish' } as const

/** Whether a path is one that a proxy should have led to the service without a question. */
export function isHostPath(path: string): boolean {
  return path === hostPaths.start || path === hostPaths.finish
}
