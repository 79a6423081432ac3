/* global document, window, navigator, fetch, setTimeout, clearTimeout, AbortController, PublicKeyCredential, location, URL, atob, btoa */
/**
 * Asks the browser for a passkey, or to make one, and sends what it says with the form around the button (Web Authentication Level 3).
 * Without this script, and where there are no passkeys, the button is not shown.
 */

/** Before the challenge is too old that a browser waits with, in milliseconds. */
const renewAfter = 240_000

for (const box of document.querySelectorAll('[data-passkey]')) {
  if (typeof window.PublicKeyCredential !== 'function') break
  for (const missing of document.querySelectorAll('[data-passkey-missing]')) missing.hidden = true
  box.hidden = false
  prepare(box, box.dataset)
}

function prepare(box, { passkey: kind, options, offer, failed, known }) {
  const [form, button] = [box.closest('form'), box.querySelector('button')]
  const told = document.createElement('small')
  told.setAttribute('role', 'alert')
  let offered = new AbortController()

  async function ask(how) {
    const answer = await fetch(new URL(options, location.href), { method: 'POST' })
    if (!answer.ok) throw new Error(String(answer.status))
    const publicKey = decodeOptions(await answer.json())
    const { credentials } = navigator
    return await (kind === 'make' ? credentials.create({ publicKey }) : credentials.get({ publicKey, ...how }))
  }

  function send(credential) {
    const input = document.createElement('input')
    Object.assign(input, { type: 'hidden', name: 'credential', value: JSON.stringify(encodeCredential(credential)) })
    form.append(input)
    // What else the form asks for is not needed.
    form.submit()
  }

  button.addEventListener('click', () => void press())
  async function press() {
    if (kind === 'make' && !form.reportValidity()) return
    offered.abort()
    button.disabled = true
    told.remove()
    try {
      send(await ask({}))
    } catch (error) {
      told.textContent = error.name === 'InvalidStateError' ? known : failed
      box.append(told)
      button.disabled = false
      button.focus()
      void offerInField()
    }
  }

  /** Has the browser offer passkeys where a name is typed ("conditional mediation", §5.1.4). */
  async function offerInField() {
    if (offer === undefined || !(await PublicKeyCredential.isConditionalMediationAvailable?.())) return
    offered = new AbortController()
    const { signal } = offered
    const timer = setTimeout(() => whenSeen(renew), renewAfter)
    signal.addEventListener('abort', () => clearTimeout(timer))
    const renew = () => {
      if (signal.aborted) return
      offered.abort()
      void offerInField()
    }
    try {
      const credential = await ask({ mediation: 'conditional', signal })
      if (!signal.aborted) send(credential)
    } catch {
      // Nobody has asked for it, so that nobody is told.
    }
  }
  void offerInField()
}

/** A page that nobody looks at asks for nothing. */
function whenSeen(act) {
  if (!document.hidden) return act()
  document.addEventListener('visibilitychange', () => whenSeen(act), { once: true })
}

function decodeOptions({ challenge, user, allowCredentials, excludeCredentials, ...options }) {
  const named = (list) => list?.map(({ id, ...rest }) => ({ ...rest, id: decode(id) }))
  return {
    ...options,
    challenge: decode(challenge),
    ...(user && { user: { ...user, id: decode(user.id) } }),
    ...(allowCredentials && { allowCredentials: named(allowCredentials) }),
    ...(excludeCredentials && { excludeCredentials: named(excludeCredentials) }),
  }
}

/** By hand: what password managers put in place of a credential has no `toJSON`. */
function encodeCredential({ id, rawId, type, response }) {
  const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } = response
  const of =
    attestationObject === undefined
      ? { authenticatorData: encode(authenticatorData), signature: encode(signature), userHandle: encode(userHandle) }
      : { attestationObject: encode(attestationObject), transports: response.getTransports?.() ?? [] }
  return { id, rawId: encode(rawId), type, response: { clientDataJSON: encode(clientDataJSON), ...of } }
}

function decode(text) {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
}

function encode(bytes) {
  if (!bytes?.byteLength) return undefined
  const text = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('')
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
