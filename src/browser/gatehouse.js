/* global AbortSignal, BroadcastChannel, CustomEvent, EventTarget, Headers, ReadableStream, Request, URL, addEventListener, crypto, document, fetch, location, navigator, performance */
/**
 * Gatehouse for the scripts of a page: who is signed in, and access tokens. https://…/gatehouse.d.ts has its types.
 *
 * Tabs of one origin renew the token in turn, under a lock, and tell each other of it. Nothing is stored anywhere: the
 * refresh token is a cookie that no script reads, and the access token is in memory.
 */

/**
 * @typedef {import('./gatehouse.d.ts').User} User
 * @typedef {{ token: string, user: User, at: number, lifetime: number }} Grant `at`: when it was asked for, by `Date.now()`; both in milliseconds
 * @typedef {Grant & { since: number }} Held `since`: when this tab got it, by `performance.now()`
 */

/** A request that was given up is sent once more within the seconds in which the service repeats an answer that was lost. */
const patience = 4_000

/** So young a token does not get better by another one. */
const young = 10_000

export class UnavailableError extends Error {
  /** @param {string} message @param {{ status?: number, retryAfter?: number | undefined, cause?: unknown }} known */
  constructor(message, { status, retryAfter, cause }) {
    super(message, { cause })
    this.name = 'UnavailableError'
    this.status = status
    this.retryAfter = retryAfter
  }
}

/** @implements {Pick<import('./gatehouse.d.ts').Gatehouse, 'signIn' | 'signOut' | 'getUser' | 'getAccessToken' | 'fetch'>} */
export class Gatehouse extends EventTarget {
  /** With a slash at its end. */
  #issuer
  /** @type {Set<string>} */
  #origins
  /** Of the lock, and of the channel. */
  #name
  /** Two ends in one tab: what the one says comes to the other by the way that it takes to the other tabs. */
  #say
  #hear
  #id = crypto.randomUUID()
  #echoes = 0
  /** @type {Map<number, () => void>} */
  #awaited = new Map()
  /** @type {Held | null | undefined} null: nobody is signed in; undefined: not known */
  #held
  /** @type {User | undefined} who was signed in when it was last known */
  #user
  /** @type {Promise<Held | null> | undefined} */
  #renewing
  /** By `performance.now()`. */
  #pausedUntil = 0

  /** @param {import('./gatehouse.d.ts').GatehouseOptions} [options] */
  constructor({ issuer = new URL('.', import.meta.url), origins = [] } = {}) {
    super()
    this.#issuer = new URL(String(issuer).replace(/\/?$/, '/'))
    this.#origins = new Set([location.href, this.#issuer, ...origins].map((url) => new URL(url).origin))
    this.#name = `gatehouse ${this.#issuer}`
    this.#say = new BroadcastChannel(this.#name)
    this.#hear = new BroadcastChannel(this.#name)
    this.#hear.addEventListener('message', ({ data }) => this.#heard(data))
    // Of what was said while the page was put aside, it has heard nothing.
    addEventListener('pageshow', ({ persisted }) => {
      if (!persisted) return
      this.#held = undefined
      this.getUser().catch(() => {})
    })
    // They may have signed in meanwhile, in a tab of another origin.
    document.addEventListener('visibilitychange', () => {
      if (this.#held === null) this.#held = undefined
    })
  }

  /** @param {{ returnTo?: string | URL }} [options] */
  signIn({ returnTo = location.href } = {}) {
    const target = new URL(returnTo, location.href)
    const page = new URL('login', this.#issuer)
    // Browsers carry the fragment on by themselves.
    page.hash = target.hash
    target.hash = ''
    page.searchParams.set('return_to', target.href)
    location.assign(page)
  }

  async signOut() {
    await this.#inTurn(async () => {
      const answer = await this.#post('api/auth/logout')
      if (!answer.ok) throw refusal(answer)
      this.#learn(null)
    })
  }

  async getUser() {
    return (await this.#current())?.user ?? null
  }

  async getAccessToken() {
    return (await this.#current())?.token ?? null
  }

  /** @param {RequestInfo | URL} input @param {RequestInit} [init] */
  async fetch(input, init) {
    const request = new Request(input, init)
    const isOurs = this.#origins.has(new URL(request.url).origin) && !request.headers.has('authorization')
    const held = isOurs ? await this.#current() : null
    if (held === null) return fetch(request)
    const again = init?.body instanceof ReadableStream ? undefined : request.clone()
    const answer = await send(request, held)
    if (again === undefined || !isStale(answer) || elapsed(held) < young) return answer
    const renewed = await this.#renew(held)
    return renewed === null ? answer : send(again, renewed)
  }

  /** Whoever is signed in, with a token that is good for a while yet. */
  async #current() {
    const held = this.#held
    if (held === null || (held && isFresh(held))) return held
    try {
      return await this.#renew(held)
    } catch (error) {
      if (held && elapsed(held) < held.lifetime) return held
      throw error
    }
  }

  /** Has another token in place of one that is used up, by whichever tab. @param {Held | undefined} former */
  #renew(former) {
    this.#renewing ??= this.#inTurn(async () => {
      const now = this.#held
      if (now === null || (now && now !== former && isFresh(now))) return now
      return this.#refresh()
    }).finally(() => (this.#renewing = undefined))
    return this.#renewing
  }

  async #refresh() {
    const seconds = Math.ceil((this.#pausedUntil - performance.now()) / 1000)
    if (seconds > 0) throw new UnavailableError('The service is not to be asked yet', { retryAfter: seconds })
    // The browser's clock may be wrong, so that no time of the service is held against it: what counts is how long ago it was.
    const at = Date.now()
    const answer = await this.#post('api/auth/refresh')
    if (answer.status === 401) return this.#learn(null)
    if (!answer.ok) {
      const error = refusal(answer)
      this.#pausedUntil = performance.now() + (error.retryAfter ?? 0) * 1000
      throw error
    }
    const { access_token: token, expires_in, user } = answer.body
    return this.#learn({ token, user, at, lifetime: expires_in * 1000 })
  }

  /**
   * What no other tab does meanwhile, and after all have said what they have done. To hear oneself is to have heard what was
   * said before.
   * @template T @param {() => Promise<T>} work
   */
  #inTurn(work) {
    return navigator.locks.request(this.#name, async () => {
      await this.#echo()
      try {
        return await work()
      } finally {
        await this.#echo()
      }
    })
  }

  /** @returns {Promise<void>} */
  #echo() {
    return new Promise((done) => {
      this.#awaited.set(++this.#echoes, done)
      this.#say.postMessage({ from: this.#id, echo: this.#echoes })
    })
  }

  /** @param {{ from: string, echo?: number, grant?: Grant | null }} said */
  #heard({ from, echo, grant }) {
    if (echo !== undefined) {
      if (from !== this.#id) return
      this.#awaited.get(echo)?.()
      this.#awaited.delete(echo)
    } else if (from !== this.#id && grant !== undefined) {
      this.#hold(grant)
    }
  }

  /** Keeps what the service has said, and tells the other tabs. @param {Grant | null} grant */
  #learn(grant) {
    this.#say.postMessage({ from: this.#id, grant })
    return this.#hold(grant)
  }

  /** @param {Grant | null} grant */
  #hold(grant) {
    const held = grant && { ...grant, since: performance.now() - Math.max(0, Date.now() - grant.at) }
    const [before, now] = [this.#user, grant?.user]
    this.#held = held
    this.#user = now
    if (before && before.id !== now?.id) this.dispatchEvent(new CustomEvent('signout', { detail: before }))
    if (now && now.id !== before?.id) this.dispatchEvent(new CustomEvent('signin', { detail: now }))
    return held
  }

  /**
   * Asks without a header of its own, so that no preflight goes ahead, and so that the cookie of the answer arrives even where
   * the page goes away meanwhile.
   * @param {string} path
   */
  async #post(path) {
    const once = async () => {
      const answer = await fetch(new URL(path, this.#issuer), {
        ...{ method: 'POST', credentials: 'include', keepalive: true, cache: 'no-store' },
        signal: AbortSignal.timeout(patience),
      })
      const { ok, status, headers } = answer
      return { ok, status, headers, body: status === 200 ? await answer.json() : undefined }
    }
    try {
      return await once().catch(once)
    } catch (cause) {
      throw new UnavailableError('The service is not reached, or does not know this origin', { cause })
    }
  }
}

/** How long ago a token was asked for: a clock that was put back, or stands still while the machine sleeps, does not say so. @param {Held} held */
function elapsed({ at, since }) {
  return Math.max(Date.now() - at, performance.now() - since)
}

/** @param {Held} held */
function isFresh(held) {
  return held.lifetime - elapsed(held) > Math.min(30_000, held.lifetime / 4)
}

/** Whether another token may help: who is to prove more (RFC 9470) gets the same answer to each. @param {Response} answer */
function isStale({ status, headers }) {
  return status === 401 && !headers.get('www-authenticate')?.includes('insufficient_user_authentication')
}

/** @param {Request} request @param {Held} held */
function send(request, { token }) {
  request.headers.set('authorization', `Bearer ${token}`)
  return fetch(request)
}

/** @param {{ status: number, headers: Headers }} answer */
function refusal({ status, headers }) {
  return new UnavailableError(`The service answers ${status}`, {
    status,
    retryAfter: Number(headers.get('retry-after')) || undefined,
  })
}
