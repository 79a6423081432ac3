import type { Outgoing } from '../../core/outgoing.ts'
import { openIdSettingsOf } from '../../core/records/client.ts'
import { sectorOf, type Told } from '../../core/subjects.ts'

type Fault = { path: string; message: string } | undefined

/**
 * What keeps a client from having a sector (OpenID Connect Core §8.1): by its redirect URIs, or because the list at its
 * `sector_identifier_uri`, which is read now, is none, or lacks one of them. `before`: as it was, if it was.
 */
export async function sectorFaultOf(outgoing: Pick<Outgoing, 'readJson'>, client: Told, before?: Told): Promise<Fault> {
  const { subjectType, sectorIdentifierUri: uri } = openIdSettingsOf(client)
  if (uri !== '') {
    const path = '/body/sector_identifier_uri'
    const answer = await outgoing.readJson(uri)
    if (answer.kind === 'failed') return { path, message: `cannot be read: ${answer.text}` }
    const listed = answer.value
    if (!Array.isArray(listed)) return { path, message: 'must lead to a list of redirect URIs' }
    if (!client.redirectUris.every((one) => listed.includes(one))) {
      return { path, message: 'must lead to a list that has every redirect URI of the client' }
    }
  }
  if (subjectType !== 'pairwise') return undefined
  const sector = sectorOf(client)
  if (sector === undefined) {
    const message = 'pairwise needs redirect URIs of one host that is not loopback, or a sector_identifier_uri'
    return { path: '/body/subject_type', message }
  }
  if (before === undefined || openIdSettingsOf(before).subjectType !== 'pairwise') return undefined
  if (openIdSettingsOf(before).sectorIdentifierUri !== uri || sectorOf(before) === sector) return undefined
  const message = 'must keep their host, by which the client knows people; a sector_identifier_uri can name it'
  return { path: '/body/redirect_uris', message }
}
