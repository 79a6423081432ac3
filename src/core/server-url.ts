/** How each character that ends a user or a password in a URL is written inside one. */
const spellings = 'in a user or password @ is written %40, / %2F, # %23, ? %3F, : %3A and % %25'

/**
 * What keeps a URL of a server from being read as it was meant: a character of the user or the password that was not
 * encoded. The sentence says what to encode and holds nothing of the URL.
 */
export function faultOfCredentials(url: string): string | undefined {
  const { authority, rest } = partsOf(url)
  const marks = authority.split('@').length - 1
  // Whatever ends the authority ends it before the host when it belonged to a password.
  if (marks > 1 || rest.includes('@')) return `the host follows one single @; ${spellings}`
  if (rest.includes('#')) return `there is no part that begins with #; ${spellings}`
  if (/%(?![0-9a-f]{2})/i.test(url)) return `% is not followed by two hexadecimal digits; ${spellings}`
  if (decoded(url) === undefined) return `what is encoded by % is not UTF-8; ${spellings}`
  if (/%00/.test(url)) return 'no part holds a NUL (%00)'
  if (marks === 1 && /[\s[\]<>"`\\^{|}]/.test(authority.slice(0, authority.indexOf('@'))))
    return 'blanks, brackets, quotes and \\ ^ | in a user or password are percent-encoded'
  return undefined
}

/** The text that percent-encoding stands for; nothing when it is not UTF-8. A + is a +. */
export function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** What stands between the scheme and the first of `/?#`, and what follows. */
export function partsOf(url: string): { authority: string; rest: string } {
  const [, authority = '', rest = ''] = /^[a-z]+:\/\/([^/?#]*)(.*)$/is.exec(url) ?? []
  return { authority, rest }
}

/** A word that a URL may hold after its `?`. */
export interface UrlWord {
  /** Completes "expected …". */
  expected: string
  accepts: RegExp
}

/**
 * The words after the `?`, each at most once. What is none, is given twice or has no such value is told to `say`, never with
 * its value. `instead` tells of words that others know what to do in their place.
 */
export function wordsAfter<Word extends string>(
  url: string,
  words: Record<Word, UrlWord>,
  { kind, say, instead = {} }: { kind: string; say(reason: string): void; instead?: Record<string, string> },
): Partial<Record<Word, string>> {
  const given: Partial<Record<Word, string>> = {}
  const isWord = (name: string): name is Word => Object.hasOwn(words, name)
  const query = partsOf(url).rest.split(/\?(.*)/s)[1]
  for (const part of query === undefined || query === '' ? [] : query.split('&')) {
    const [name = '', value = ''] = part.split(/=(.*)/s).map((piece) => decoded(piece)!)
    // What is no word may be the rest of a password.
    const told = /^[A-Za-z][A-Za-z.]{0,40}$/.test(name) ? name : 'a parameter'
    if (Object.hasOwn(instead, name)) say(`${name}: ${instead[name]}`)
    else if (!isWord(name)) say(`${told}: there is no such parameter of ${kind} URL here; leave it out`)
    else if (Object.hasOwn(given, name)) say(`${name}: it is given twice`)
    else if (!words[name].accepts.test(value)) say(`${name}: expected ${words[name].expected}`)
    else given[name] = value
  }
  return given
}

/** The words by which a URL names files for TLS. */
export const tlsWords = {
  sslrootcert: { expected: 'the file of an authority', accepts: /^[^\0\r\n]+$/ },
  sslcert: { expected: 'the file of a certificate', accepts: /^[^\0\r\n]+$/ },
  sslkey: { expected: 'the file of a private key', accepts: /^[^\0\r\n]+$/ },
} as const satisfies Record<string, UrlWord>

/** The files that those words name, in PEM. */
export interface TlsFiles {
  readonly rootCertificates?: string | undefined
  readonly certificate?: string | undefined
  readonly key?: string | undefined
}

/** The same from the words of a URL; a certificate without its key, or the other way round, is told to `say`. */
export function tlsFilesOf(
  { sslrootcert, sslcert, sslkey }: Partial<Record<keyof typeof tlsWords, string>>,
  say: (reason: string) => void,
): TlsFiles {
  if ((sslcert === undefined) !== (sslkey === undefined)) say('sslcert and sslkey are given together')
  return { rootCertificates: sslrootcert, certificate: sslcert, key: sslkey }
}

/** A host as a URL spells it, without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return decoded(url.hostname)!.replace(/^\[(.*)\]$/, '$1')
}
