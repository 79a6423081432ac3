import { isIP } from 'node:net'
import { readNetwork } from '../../core/network.ts'
import { type Static, Type } from '../../json-schema.ts'
import { checkNetworks, type Findings, section, setting } from '../../settings.ts'

/** What the service asks at the wish of programs. */
export const OutgoingSettings = section({
  allow: setting(
    'Hosts and networks that are asked at the wish of programs although they are none of the public internet: where logout tokens go, and where keys and descriptions of programs are read. A host stands for all its addresses.',
    Type.Array(Type.String({ title: 'the name of a host, or a network such as 10.0.0.0/8' }), {
      default: [],
      title: 'a list of hosts and networks: [wiki.internal, 10.1.0.0/16]',
    }),
  ),
  ca_file: Type.Optional(
    setting(
      'A file in PEM with authorities that are trusted there beside those of Node.js. A path is read from the folder of this file.',
      Type.String({ minLength: 1, title: 'a file such as ./internal-ca.pem' }),
    ),
  ),
})
export type OutgoingSettings = Static<typeof OutgoingSettings>

export function checkOutgoingSettings({ allow }: OutgoingSettings, findings: Findings): void {
  for (const [place, entry] of allow.entries()) {
    if (entry.includes('/') || isIP(entry) !== 0) {
      if (readNetwork(entry) === undefined) findings.fault(['outgoing', 'allow', place], networkExpected)
      else
        checkNetworks(
          { ...findings, fault: (_, reason) => findings.fault(['outgoing', 'allow', place], reason) },
          [],
          [entry],
        )
    } else if (!/^[a-z\d_](?:[a-z\d_-]*[a-z\d_])?(?:\.[a-z\d_](?:[a-z\d_-]*[a-z\d_])?)*$/i.test(entry)) {
      findings.fault(['outgoing', 'allow', place], networkExpected)
    }
  }
}

const networkExpected = 'expected the name of a host without scheme, port or *, or a network such as 10.0.0.0/8'
