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
