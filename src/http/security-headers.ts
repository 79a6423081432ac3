/**
 * What helmet sends with everything that people see: nothing but our own styles and documentation scripts loads, no page
 * may be framed, no address leaks as a referrer (RFC 9700 §4.2.4, §4.16).
 */
export function securityHeaders(issuer: string) {
  const secure = issuer.startsWith('https:')
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        scriptSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        fontSrc: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
        ...(secure ? { upgradeInsecureRequests: [] } : {}),
      },
    },
    // Browsers ignore it on plain http, and complain.
    crossOriginOpenerPolicy: secure ? { policy: 'same-origin' as const } : false,
    frameguard: { action: 'deny' as const },
    referrerPolicy: { policy: 'no-referrer' as const },
    hsts: secure ? { maxAge: 63_072_000, includeSubDomains: false } : false,
  }
}
