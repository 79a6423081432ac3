/** A browser without a screen: it keeps cookies by host, and follows where it is led over hosts of several domains. */
import type { Answer, Call } from './service.ts'

export interface Visited {
  url: string
  answer: Answer
  /** The addresses on the way, the last one included. */
  way: string[]
}

/** What a host answers a browser by. */
type Serve = (url: URL, call: Call) => Promise<Answer>

const maxSteps = 20

/** As browsers ask for a page. */
const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

export function createVisitor(serve: Serve) {
  const jars = new Map<string, Record<string, string>>()
  const jarOf = (host: string) => jars.get(host) ?? jars.set(host, {}).get(host)!
  const cookieOf = (host: string) =>
    [...jars]
      .flatMap(([of, jar]) =>
        of === host || (of.startsWith('.') && host.replace(/:\d+$/, '').endsWith(of)) ? Object.entries(jar) : [],
      )
      .map((pair) => pair.join('='))
      .join('; ')
  /** Where a cookie is kept: at the host that has set it, or for all hosts of the domain that it names. */
  const placeOf = (host: string, lines: readonly string[], name: string) => {
    const [, domain] = /; Domain=([^;]+)/i.exec(lines.find((line) => line.startsWith(`${name}=`)) ?? '') ?? []
    return domain === undefined ? host : `.${domain}`
  }

  async function step(url: URL, { headers, ...call }: Call): Promise<Answer> {
    const cookie = cookieOf(url.host)
    const sent = { ...navigation, ...headers, ...(cookie !== '' && { cookie }) }
    const answer = await serve(url, { ...call, headers: sent })
    const lines = [answer.headers['set-cookie'] ?? []].flat()
    for (const [name, value] of Object.entries(answer.cookies)) {
      const jar = jarOf(placeOf(url.host, lines, name))
      if (value === '') delete jar[name]
      else jar[name] = value
    }
    return answer
  }

  async function visit(to: string, call: Call = {}): Promise<Visited> {
    const way = [to]
    let answer = await step(new URL(to), call)
    while (answer.status >= 300 && answer.status < 400) {
      const next = new URL(String(answer.headers['location']), way.at(-1))
      if (way.push(next.href) > maxSteps) throw new Error(`led in circles: ${way.join(' → ')}`)
      answer = await step(next, {})
    }
    return { url: way.at(-1)!, answer, way }
  }

  return {
    /** What is kept for a host, or for a domain with a dot before it. */
    jarOf,
    visit,
    /** One request, whose answer leads nowhere. */
    ask: (url: string, call: Call = {}) => step(new URL(url), call),
    /** Fills in the form of a page that was reached. */
    async submit({ url, answer }: Visited, fields: Record<string, string>): Promise<Visited> {
      const csrf_token = /name="csrf_token" value="([\w-]+)"/.exec(answer.body)?.[1] ?? ''
      const return_to = /name="return_to" value="([^"]*)"/.exec(answer.body)?.[1]?.replaceAll('&#38;', '&') ?? ''
      const action = /<form[^>]* action="([^"]+)"/.exec(answer.body)?.[1] ?? ''
      const { origin } = new URL(url)
      const headers = { origin, 'sec-fetch-site': 'same-origin' }
      return visit(new URL(action, url).href, {
        ...{ method: 'POST', headers, form: { csrf_token, return_to, ...fields } },
      })
    },
  }
}
