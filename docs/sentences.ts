/** What holds the documents to one sentence a line, so that a change of one shows in a diff as that and nothing more. */

const listMarker = /^\s*(?:[-*]|\d+\.) /
/** Headings, tables, markup and the targets of links are no prose. */
const prose = /^(?!\s*(?:$|#|\||<|\[[^\]]+\]: ))/

/** The lines on which two sentences stand, or which end within one; with what is wrong. */
export function sentenceFaults(markdown: string): string[] {
  const lines = markdown
    .replaceAll(/^( *)(`{3,})[^]*?^\1\2$/gm, (code) => code.replaceAll(/.+/g, ''))
    .replaceAll(/(`+)[^`\n]+\1|\b(?:e\.g|i\.e|vs|No)\./g, 'code')
    .replaceAll(/\([^()\n]*\)/g, '()')
    .split('\n')
  const faults: string[] = []
  for (const [at, line] of lines.entries()) {
    if (!prose.test(line)) continue
    const text = line.replace(listMarker, '')
    const next = lines[at + 1] ?? ''
    const goesOn = prose.test(next) && !listMarker.test(next)
    if (/[.!?]["”’)*_]* +\S/.test(text)) faults.push(`line ${at + 1} holds two sentences`)
    if (goesOn && !/[.!?:]["”’)*_]*$/.test(text)) faults.push(`line ${at + 1} ends within a sentence`)
  }
  return faults
}
