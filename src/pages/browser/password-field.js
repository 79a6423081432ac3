/* global document, fetch, setTimeout, clearTimeout, AbortController, location, URL */
/**
 * A password is shown on demand, and of a new one it is said what it lacks while it is typed. Without this script the form says
 * so once it was sent.
 */

// A page with two fields runs this twice, so that nothing here is a constant of the page.
for (const box of document.querySelectorAll('[data-password]:not([data-ready])')) {
  const { faults, judge, name, minLength, maxLength, show, hide, fits } = box.dataset
  box.dataset.ready = ''
  const input = box.querySelector('input')
  addShowButton(input, { show, hide })
  if (judge === undefined) continue
  tellWhileTyping(input, box.querySelector('[data-told]'), {
    judge: new URL(judge, location.href),
    name,
    faults: JSON.parse(faults),
    fits,
    lengths: [Number(minLength), Number(maxLength)],
  })
}

/** What is known of the person: from the other fields of the form, or else what the page says. */
function ownerOf(input, name) {
  const valueOf = (token) => input.form?.querySelector(`[autocomplete="${token}"]`)?.value.trim() ?? ''
  return { email: valueOf('username'), name: valueOf('name') || name }
}

/** What can be told without asking. */
function lengthFault(password, [least, most]) {
  const length = Math.min([...password].length, [...password.normalize('NFKC')].length)
  if (length < least) return 'too_short'
  return length > most ? 'too_long' : undefined
}

function tellWhileTyping(input, told, { judge, name, faults, fits, lengths }) {
  // Whoever stops typing for so long wants to know.
  const restMilliseconds = 400
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
      const found = await ask(judge, { password: value, ...ownerOf(input, name) }, signal)
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

function addShowButton(input, { show, hide }) {
  const button = document.createElement('button')
  const words = document.createElement('span')
  button.type = 'button'
  button.append(words)
  button.setAttribute('aria-controls', input.id)
  const turn = (isShown) => {
    input.type = isShown ? 'text' : 'password'
    words.textContent = isShown ? hide : show
    button.className = isShown ? 'hide' : 'show'
  }
  turn(false)
  button.addEventListener('click', () => turn(input.type === 'password'))
  // Browsers and password managers keep what a password field holds, and no text field.
  input.form?.addEventListener('submit', () => turn(false))
  input.after(button)
}
