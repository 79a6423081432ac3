/**
 * Matches texts by a pattern with at least one `*`, which stands for any text. Its fixed parts are looked for from left to
 * right: linear, since none is ever tried twice at one place.
 */
export function compileWildcard(pattern: string): (text: string) => boolean {
  const [head = '', ...rest] = pattern.split('*')
  const tail = rest.pop() ?? ''
  return (text) => {
    if (text.length < head.length + tail.length) return false
    if (!text.startsWith(head) || !text.endsWith(tail)) return false
    let from = head.length
    const end = text.length - tail.length
    for (const part of rest) {
      const at = text.indexOf(part, from)
      if (at === -1 || at + part.length > end) return false
      from = at + part.length
    }
    return true
  }
}
