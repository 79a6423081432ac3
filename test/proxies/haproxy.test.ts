import { forwardedFamily, proxySuite } from './suite/suite.ts'

proxySuite(
  {
    name: 'haproxy',
    ...{ away: 503, largeHeaders: 400, unknownHost: 421 },
    ...{ dropsUserInfo: false, writesAnew: {} },
    ...{ refusesChunks: true, takesAbsoluteUrls: false },
  },
  forwardedFamily,
)
