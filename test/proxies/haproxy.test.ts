import { forwardedFamily, proxySuite } from './suite/suite.ts'

proxySuite(
  {
    ...{ name: 'haproxy', release: 'packaged' },
    ...{ away: 503, broken: 503, silent: [504, 15], largeHeaders: 400, unknownHost: 421 },
    ...{ dropsUserInfo: false, writesAnew: {} },
    ...{
      refusesChunks: true,
      takesAbsoluteUrls: false,
      namesCredential: 200,
      cleartextHttp2: false,
      undecided: 503,
      http2OverTls: false,
    },
  },
  forwardedFamily,
)
