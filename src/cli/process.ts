import { pino, stdSerializers } from 'pino'
import type { LogLevel } from '../config.ts'
import { spellControlsInLines } from '../core/plain-text.ts'
import type { Clock } from '../core/clock.ts'

export const systemClock: Clock = { now: () => Date.now() }

/**
 * JSON lines on standard output. No caller logs a secret; the redaction is a second net. Errors are written without
 * their query parameters, which drivers attach and which hold whatever was being stored.
 */
export function createLogger(level: LogLevel) {
  return pino({
    level,
    serializers: { err: serializeError },
    // Lines are JSON, which lets through what a terminal obeys beyond ASCII.
    hooks: { streamWrite: spellControlsInLines },
    redact: {
      paths: ['password', 'token', 'secret', 'authorization', 'cookie', '*.password', '*.token', '*.secret'],
      censor: '[redacted]',
    },
  })
}

function serializeError(error: Error): object {
  if (!(error instanceof Error)) return { message: 'not an error' }
  const { type, code } = stdSerializers.err(error) as { type?: string; code?: string }
  const isQueryError = 'query' in error
  const cause = error.cause instanceof Error ? serializeError(error.cause) : undefined
  return {
    type,
    code,
    // The message of a failed query repeats its parameters; so does the first line of its stack.
    message: isQueryError ? 'a query failed' : error.message,
    stack: isQueryError ? undefined : error.stack,
    cause,
  }
}
