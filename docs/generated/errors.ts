import { errorTable } from '../../src/core/errors.ts'
import { oauthErrorTable } from '../../src/core/oauth-error.ts'
import { code, table } from './table.ts'

export function errorCodes(): string {
  const rows = Object.entries(errorTable).map(([name, { status, title }]) => [code(name), String(status), title])
  return table(['code', 'status', 'meaning'], rows)
}

export function oauthErrorCodes(): string {
  return table(
    ['code', 'meaning'],
    Object.entries(oauthErrorTable).map(([name, meaning]) => [code(name), meaning]),
  )
}
