/** What the service asks itself goes over https; nothing is asked where it is empty. */
export function isAskable(uri = ''): boolean {
  if (uri === '') return true
  const url = /^https:\/\/[\x21\x22\x24-\x7e]+$/i.test(uri) && URL.canParse(uri) ? new URL(uri) : undefined
  return url !== undefined && url.username === '' && url.password === ''
}

export const askableExpected = 'must be an https URI in ASCII, without a fragment, a name and a password'
