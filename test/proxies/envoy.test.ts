import { valuesOf } from '../support/upstream.ts'
import { proxySuite } from './suite/suite.ts'

for (const release of ['current', 'lowest'] as const)
  proxySuite(
    {
      ...{ name: 'envoy', release },
      ...{ away: 503, broken: 503, silent: [503, 15], largeHeaders: 431, unknownHost: 404 },
      ...{ dropsUserInfo: true, writesAnew: {} },
      ...{
        refusesChunks: false,
        takesAbsoluteUrls: true,
        namesCredential: 400,
        cleartextHttp2: true,
        undecided: 403,
        http2OverTls: true,
      },
    },
    (question) => {
      const one = (name: string) => valuesOf(question, name).join(' AND ')
      const target = question.url.slice('/forward-auth/envoy'.length)
      return { method: question.method, url: `${one('X-Forwarded-Proto')}://${one('Host')}${target}` }
    },
  )
