import { forwardedFamily, proxySuite } from './suite/suite.ts'

for (const release of ['packaged', 'current'] as const) {
  proxySuite(
    {
      ...{ name: 'caddy', release },
      ...{ away: 502, broken: 503, silent: [504, 15], largeHeaders: 431, unknownHost: 421 },
      ...{ dropsUserInfo: true, writesAnew: { '/public#': '/public%23' } },
      ...{
        refusesChunks: false,
        takesAbsoluteUrls: true,
        namesCredential: 200,
        cleartextHttp2: release === 'current',
        undecided: 503,
        http2OverTls: undefined,
      },
    },
    forwardedFamily,
  )
}
