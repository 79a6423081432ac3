/** The media ranges of an `Accept` header, in lower case, and how much each is wanted: 0 to 1 (RFC 9110 §12.5.1). */
export function rangesOf(accept: string): { range: string; quality: number }[] {
  return accept
    .toLowerCase()
    .split(',')
    .map((part) => {
      const [range = '', ...parameters] = part.split(';').map((text) => text.trim())
      return { range, quality: weightOf(parameters) }
    })
}

/**
 * How much a client wants a media type, by its `Accept` header (RFC 9110 §12.5.1): 0 to 1, from the most specific range that
 * covers it. Without the header everything is wanted. `named`: ranges with wildcards do not count.
 */
export function qualityOf(accept: string | undefined, type: string, named = false): number {
  if (accept === undefined) return named ? 0 : 1
  const [group = ''] = type.split('/')
  const ranges = named ? [type] : ['*/*', `${group}/*`, type]
  let best = -1
  let wanted = 0
  for (const { range, quality } of rangesOf(accept)) {
    const specificity = ranges.indexOf(range)
    if (specificity <= best) continue
    best = specificity
    wanted = quality
  }
  return wanted
}

/** 1 unless stated; what is no weight counts as "not acceptable". */
function weightOf(parameters: readonly string[]): number {
  const stated = parameters.find((parameter) => parameter.startsWith('q='))
  if (stated === undefined) return 1
  return /^q=(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(stated) ? Number(stated.slice(2)) : 0
}
