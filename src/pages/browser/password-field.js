/* global document, fetch, setTimeout, clearTimeout, AbortController, location, URL */
/** A new password: says what it lacks while it is typed, and shows it on demand. Without this script the form says so once it was sent. */

/** Whoever stops typing for so long wants to know. */
const restMilliseconds = 400

for (const box of document.querySelectorAll('[data-new-password]')) {
  const { faults, judge, minLength, maxLength, show, hide, fits } = box.dataset
  const input = box.querySelector('input')
  tellWhileTyping(input, box.querySelector('[data-told]'), {
    judge: new URL(judge, location.href),
    faults: JSON.parse(faults),
    fits,
    lengths: [Number(minLength), Number(maxLength)],
  })
  addShowButton(box, input, { show, hide })
}

/** What is known of the person from the other fields of the form. */
function ownerOf(input) {
  const valueOf = (name) => input.form?.querySelector(`#${name}`)?.value.trim() ?? ''
  return { email: valueOf('email'), name: valueOf('name') }
}

/** What can be told without asking. */
function lengthFault(password, [least, most]) {
  const length = Math.min([...password].length, [...password.normalize('NFKC')].length)
  if (length < least) return 'too_short'
  return length > most ? 'too_long' : undefined
}

function tellWhileTyping(input, told, { judge, faults, fits, lengths }) {
  let timer
  let asked = new AbortController()
  input.addEventListener('input', () => {
    clearTimeout(timer)
    asked.abort()
    asked = new AbortController()
    const { value } = input
    const fault = value === '' ? undefined : lengthFault(value, lengths)
    told.textContent = fault === undefined ? '' : faults[fault]
    if (value === '' || fault !== undefined) return
    const { signal } = asked
    const tell = async () => {
      const found = await ask(judge, { password: value, ...ownerOf(input) }, signal)
      if (!signal.aborted && found !== undefined) told.textContent = found === null ? fits : (faults[found] ?? '')
    }
    timer = setTimeout(() => void tell(), restMilliseconds)
  })
}

/** The fault that the service finds, or null; nothing when it cannot say: the form is judged when it is sent. */
async function ask(judge, given, signal) {
  try {
    const body = JSON.stringify(given)
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(judge, { method: 'POST', headers, body, signal, credentials: 'omit' })
    return answer.ok ? (await answer.json()).fault : undefined
  } catch {
    return undefined
  }
}

function addShowButton(box, input, { show, hide }) {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'small outline secondary'
  button.setAttribute('aria-controls', input.id)
  const turn = (isShown) => {
    input.type = isShown ? 'text' : 'password'
    button.textContent = isShown ? hide : show
    button.setAttribute('aria-pressed', String(isShown))
  }
  turn(false)
  button.addEventListener('click', () => turn(input.type === 'password'))
  // Browsers and password managers keep what a password field holds, and no text field.
  input.form?.addEventListener('submit', () => turn(false))
  box.append(button)
}
