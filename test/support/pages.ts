/** Pages as browsers without scripts ask for them, fill them in and read them. */
import type { Answer, Service } from './service.ts'

/** What browsers say of a form that one of our own pages has sent, on plain http. */
export const own = { origin: 'http://auth.example.test' }

export const titleOf = ({ body }: Answer) => /<h1>(.*)<\/h1>/.exec(body)?.[1]

const unescape = (text: string) => text.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))

/** The words of a page, without markup. */
export const wordsOf = ({ body }: Answer) =>
  unescape(
    body
      .replace(/^.*<main/s, '<main')
      .replaceAll(/<\/?(bdi|strong)>/g, '')
      .replaceAll(/<[^>]+>/g, ' '),
  ).replaceAll(/\s+/g, ' ')

/** What the inputs of a page hold, by their names. */
export const fieldsOf = ({ body }: Answer) =>
  Object.fromEntries(
    [...body.matchAll(/<input[^>]*? name="(\w+)"[^>]*? value="([^"]*)"/g)].map(([, name, value]) => [
      name!,
      unescape(value!),
    ]),
  )

/** What is said at a field about what is wrong with it. */
export const faultAt = ({ body }: Answer, name: string) => {
  const said = new RegExp(`<small id="${name}-error">([^<]*)<`).exec(body)?.[1]
  return said === undefined ? undefined : unescape(said)
}

/** Sends the form of a page as a browser does. `tokenFrom`: another page of which the form's proof is taken. */
export async function submit(
  service: Service,
  path: string,
  fields: Record<string, string>,
  cookie?: string,
  tokenFrom = path,
): Promise<Answer> {
  const headers = cookie === undefined ? {} : { cookie }
  const page = await service.call(tokenFrom, { headers })
  const csrf_token = /name="csrf_token" value="([\w-]+)"/.exec(page.body)?.[1] ?? ''
  return service.call(path, { method: 'POST', headers: { ...headers, ...own }, form: { csrf_token, ...fields } })
}
