import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { type Client, openIdSettingsOf } from './records/client.ts'

/** A client, as far as it decides how people are called. */
export type Told = Pick<Client, 'openid' | 'redirectUris'>

/** The ids of a person and of their session. */
interface Ids {
  sub: string
  sid: string
}

/** How programs know people and their sessions: by the ids of these, or by names that mean something to one sector alone. */
export interface Subjects {
  /** What a client knows somebody by. Without a client, and for those of the kind `public`, it is the id. */
  sub(client: Told | undefined, userId: string): string
  /** What it knows a session by, which would tell two clients as well that somebody is the same. */
  sid(client: Told | undefined, sessionId: string): string
  /** The ids that stand behind what a client was told; nothing where it was not told by that. */
  read(client: Told | undefined, told: Ids): Ids | undefined
}

/**
 * Where the people of a client are called alike (OpenID Connect Core §8.1): the host of its `sector_identifier_uri`, or else the one
 * host of its redirect URIs. Nothing where there is none, or several.
 */
export function sectorOf(client: Told): string | undefined {
  const { sectorIdentifierUri } = openIdSettingsOf(client)
  const uris = sectorIdentifierUri === '' ? client.redirectUris : [sectorIdentifierUri]
  const hosts = new Set(uris.map((uri) => new URL(uri).hostname))
  const [host = ''] = hosts
  // A scheme of an application and a loopback address are those of many programs.
  return hosts.size === 1 && !['', 'localhost', '127.0.0.1', '[::1]'].includes(host) ? host : undefined
}

/**
 * A name is the id as one block of AES-256 under a key of the sector: nobody can read it, or tell two names of different sectors to be
 * of one person, without the salt; and the service can read its own. `salt`: stored once and for ever.
 */
export function createSubjects(salt: () => string): Subjects {
  const keyOf = (purpose: string, sector: string) =>
    createHmac('sha256', salt()).update(`${purpose} ${sector}`).digest()
  const sectorIf = (client: Told | undefined) =>
    client !== undefined && openIdSettingsOf(client).subjectType === 'pairwise' ? sectorOf(client) : undefined

  function hide(purpose: string, client: Told | undefined, id: string): string {
    const sector = sectorIf(client)
    if (sector === undefined) return id
    const cipher = createCipheriv('aes-256-ecb', keyOf(purpose, sector), null).setAutoPadding(false)
    return cipher.update(Buffer.from(id.replaceAll('-', ''), 'hex')).toString('base64url')
  }

  function show(purpose: string, sector: string, name: string): string | undefined {
    if (!/^[\w-]{22}$/.test(name)) return undefined
    const decipher = createDecipheriv('aes-256-ecb', keyOf(purpose, sector), null).setAutoPadding(false)
    const hex = decipher.update(Buffer.from(name, 'base64url')).toString('hex')
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  }

  return {
    sub: (client, id) => hide('subject', client, id),
    sid: (client, id) => hide('session', client, id),
    read(client, told) {
      const sector = sectorIf(client)
      if (sector === undefined) return told
      const [sub, sid] = [show('subject', sector, told.sub), show('session', sector, told.sid)]
      return sub === undefined || sid === undefined ? undefined : { sub, sid }
    },
  }
}
