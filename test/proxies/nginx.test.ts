import { valuesOf } from '../support/upstream.ts'
import { proxySuite } from './suite/suite.ts'

proxySuite(
  {
    name: 'nginx',
    ...{ away: 500, largeHeaders: 500, unknownHost: 421 },
    ...{ dropsUserInfo: false, writesAnew: {} },
    ...{ refusesChunks: false, takesAbsoluteUrls: true },
  },
  (question) => ({
    method: valuesOf(question, 'X-Original-Method').join(' AND '),
    url: valuesOf(question, 'X-Original-URL').join(' AND '),
  }),
)
