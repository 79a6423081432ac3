import { forwardedFamily, proxySuite } from './suite/suite.ts'

for (const [release, form] of [
  ['current', undefined],
  ['current', 'labels'],
  ['current', 'ingressroute'],
  ['current', 'gateway'],
  ['lowest', undefined],
] as const) {
  proxySuite(
    {
      ...(form && { form }),
      ...{ name: 'traefik', release },
      // Nothing makes Traefik wait less than half a minute.
      ...{ away: 500, broken: 503, silent: [500, 45], largeHeaders: 431, unknownHost: 404 },
      // Paths are cleaned before a route is chosen, and `;` of a query becomes `&`.
      writesAnew: {
        ...{ '/@scope%2fpackage': '/@scope%2Fpackage', '/public//%2fadmin': '/public/%2Fadmin' },
        ...{ '/public/x?a=1;b=2': '/public/x?a=1&b=2', '/public/x?;/../admin;': '/public/x?&/../admin&' },
        ...{
          '/public/./x': '/public/x',
          '/public//x': '/public/x',
          '//public/x': '/public/x',
          '/./public/x': '/public/x',
        },
        ...{ '/public/%2e/x': '/public/x', '/admin/../public/x': '/public/x', '/%70ublic/x': '/public/x' },
        ...{
          '/public/..': '/',
          '/public/.': '/public',
          '/public/../admin': '/admin',
          '/public/%2e%2e/admin': '/admin',
        },
      },
      ...{ dropsUserInfo: true, refusesChunks: false, takesAbsoluteUrls: true },
      ...{ namesCredential: 401, cleartextHttp2: true, undecided: undefined, http2OverTls: true },
    },
    forwardedFamily,
  )
}
