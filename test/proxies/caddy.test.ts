import { forwardedFamily, proxySuite } from './suite/suite.ts'

proxySuite(
  {
    name: 'caddy',
    ...{ away: 502, largeHeaders: 431, unknownHost: 421 },
    ...{ dropsUserInfo: true, writesAnew: { '/public#': '/public%23' } },
    ...{ refusesChunks: false, takesAbsoluteUrls: true },
  },
  forwardedFamily,
)
