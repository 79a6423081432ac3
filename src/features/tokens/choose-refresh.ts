import type { Clock } from '../../core/clock.ts'
import type { RefreshTokenStore } from '../../core/records/refresh-token.ts'
import { hasEnded } from '../../core/records/refresh-token.ts'
import { hashSecret, maxShown } from '../../core/secrets.ts'

/** `ambiguous`: the tokens stand for two live sessions, of which a neighbouring host may have planted one, or are too many to tell. */
type ChosenRefreshToken = { kind: 'chosen'; token: string | undefined } | { kind: 'ambiguous' }

export type ChooseRefreshToken = (shown: readonly string[]) => Promise<ChosenRefreshToken>

/**
 * Of several refresh tokens that a browser shows under one name, the one that counts: of the one live session that they
 * stand for, and if one of them is not used yet, that one. To hand over a used one beside it would end the session, though
 * nobody stole anything. None is used here. Rejects when a store is down.
 */
export function createChooseRefreshToken(dependencies: {
  refreshTokens: Pick<RefreshTokenStore, 'find'>
  clock: Clock
}): ChooseRefreshToken {
  const { refreshTokens, clock } = dependencies
  return async (shown) => {
    if (shown.length > maxShown) return { kind: 'ambiguous' }
    const found = await Promise.all(
      shown.map(async (token) => ({ token, presented: await refreshTokens.find(hashSecret(token)) })),
    )
    const live = found.filter(({ presented }) => presented !== undefined && !hasEnded(presented, clock.now()))
    if (new Set(live.map(({ presented }) => presented?.session.id)).size > 1) return { kind: 'ambiguous' }
    const chosen = live.find(({ presented }) => presented?.usedAt === null) ?? live[0]
    return { kind: 'chosen', token: chosen?.token }
  }
}
