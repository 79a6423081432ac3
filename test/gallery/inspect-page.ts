/** What of the DOM is used here; the tests are not compiled with its types, which clash with those of Node. */
interface Node {
  readonly localName: string
  readonly children: Iterable<Node>
  readonly innerText: string
  readonly labels?: readonly Node[]
  readonly id: string
  readonly tabIndex: number
  readonly outerHTML: string
  readonly clientWidth: number
  readonly scrollWidth: number
  getAttribute(name: string): string | null
  checkVisibility(): boolean
  focus(): void
  blur(): void
}
declare const document: {
  readonly title: string
  readonly body: Node
  readonly documentElement: Node
  querySelectorAll(selector: string): Iterable<Node>
}
declare const DOMParser: new () => {
  parseFromString(text: string, type: string): { documentElement: Node; querySelector(selector: string): Node | null }
}
declare function getComputedStyle(node: Node): Record<string, string>

/** Says what is wrong with the page that a browser shows, and with the `source` that it was made of. Runs in the browser. */
export function inspectPage(source: string): string[] {
  const faults: string[] = []
  const all = (selector: string) => [...document.querySelectorAll(selector)]
  const demand = (isFine: boolean, fault: string, node?: Node) => {
    if (!isFine) faults.push(node === undefined ? fault : `${fault}: ${node.outerHTML.slice(0, 200)}`)
  }

  // XML knows no attributes without a value; all else of the source has to be XML, and the same tree as HTML.
  const xml = source
    .replace('<!doctype html>', '')
    .replaceAll(/<[^>]*>/g, (tag) =>
      tag.replaceAll(
        /\s(required|readonly|autofocus|hidden|checked|selected|sandbox|formnovalidate)(?=[\s/>])/g,
        ' $1=""',
      ),
    )
  const strict = new DOMParser().parseFromString(xml, 'application/xhtml+xml')
  const error = strict.querySelector('parsererror')
  const outline = (node: Node): string => `${node.localName}(${[...node.children].map(outline).join()})`
  const lenient = new DOMParser().parseFromString(source, 'text/html')
  demand(error === null, `it is not well-formed: ${error?.outerHTML}`)
  demand(outline(strict.documentElement) === outline(lenient.documentElement), 'elements stand where HTML allows none')

  for (const name of ['h1', 'main']) demand(all(name).length === 1, `${all(name).length} of ${name}`)
  demand(document.title !== '' && document.documentElement.getAttribute('lang') !== '', 'no title or no language')
  demand(!/undefined|null|NaN|\[object|=>/.test(document.body.innerText), 'something stands where a text should')

  const ids = all('[id]').map(({ id }) => id)
  demand(new Set(ids).size === ids.length, `an id stands twice: ${ids.join()}`)
  for (const name of ['for', 'aria-describedby', 'aria-labelledby']) {
    for (const node of all(`[${name}]`)) {
      const named = node.getAttribute(name)!.split(' ')
      demand(
        named.every((id) => ids.includes(id)),
        `${name} names what is not there`,
        node,
      )
    }
  }
  const fields = all('input, select, textarea').filter((node) => node.checkVisibility())
  for (const node of fields) {
    const [label, ...more] = node.labels ?? []
    demand(more.length === 0 && Boolean(label?.innerText.trim()), 'a field without its label', node)
    const isFaulty = node.getAttribute('aria-invalid') === 'true'
    demand(!isFaulty || node.getAttribute('aria-describedby') !== null, 'a fault that is said nowhere', node)
  }
  const named = all('a, button, h1, h2, caption, th, label, [role=alert], [role=status]')
  for (const node of named) demand(node.innerText.trim() !== '', 'an element without words', node)
  demand(all('[autofocus]').length < 2, 'two fields want the focus')

  const widest = document.documentElement
  demand(widest.scrollWidth <= widest.clientWidth, `it is ${widest.scrollWidth} px wide in ${widest.clientWidth} px`)
  for (const node of all('button, a, h1, label')) demand(node.scrollWidth <= node.clientWidth + 1, 'cut off', node)

  for (const node of all('a, button, input, select, textarea, [tabindex]').filter((node) => node.checkVisibility())) {
    const look = () => {
      const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor } = getComputedStyle(node)
      return [outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor].join()
    }
    node.blur()
    const before = look()
    node.focus()
    demand(look() !== before, 'nothing shows that it has the focus', node)
    demand(node.tabIndex === 0, 'the focus does not go from top to bottom', node)
  }
  return faults
}
