import { valuesOf } from '../support/upstream.ts'
import { proxySuite } from './suite/suite.ts'

for (const release of ['packaged', 'current'] as const) {
  proxySuite(
    {
      ...{ name: 'nginx', release },
      ...{ away: 500, broken: 500, silent: [500, 15], largeHeaders: 400, unknownHost: 421 },
      ...{ dropsUserInfo: false, writesAnew: {} },
      ...{
        refusesChunks: false,
        takesAbsoluteUrls: true,
        namesCredential: 200,
        cleartextHttp2: false,
        undecided: 500,
        http2OverTls: false,
      },
    },
    (question) => ({
      method: valuesOf(question, 'X-Original-Method').join(' AND '),
      url: valuesOf(question, 'X-Original-URL').join(' AND '),
    }),
  )
}
