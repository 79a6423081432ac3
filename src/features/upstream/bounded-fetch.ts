/** More than any answer of a provider: metadata, key sets and accounts are some kilobytes. */
const maxBytes = 1_048_576

/** A provider that did not answer: it is down, too slow, or says more than anybody should read. */
export class Unreachable extends Error {}

/** `fetch` of somebody who may be down, slow or lying: follows no redirect, and reads no more than a megabyte. Rejects with `Unreachable`. */
export async function boundedFetch(url: string | URL, asked: RequestInit = {}): Promise<Response> {
  try {
    const response = await fetch(url, { ...asked, redirect: 'manual' })
    const { status, headers } = response
    const body = response.body === null ? null : await readBounded(response.body)
    return new Response(status === 204 || status === 304 ? null : body, { status, headers })
  } catch (error) {
    throw new Unreachable('a provider did not answer', { cause: error })
  }
}

async function readBounded(body: ReadableStream<Uint8Array>): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Uint8Array<ArrayBuffer>>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  return new Blob(chunks)
}
