/* global document */
import { Gatehouse, UnavailableError } from 'https://auth.example.com/gatehouse.js'

const issuer = 'https://auth.example.com'
const gatehouse = new Gatehouse()

const status = document.querySelector('[role=status]')
const profile = document.querySelector('pre')
const press = (id, act) => document.getElementById(id).addEventListener('click', () => void told(act))

/** Does something, and tells the person when the service cannot be asked: nobody is signed out by that. */
async function told(act) {
  try {
    await act()
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error
    status.textContent = `Gatehouse does not answer. Try again in ${error.retryAfter ?? 'a few'} seconds.`
  }
}

async function show() {
  const user = await gatehouse.getUser()
  status.textContent = user === null ? 'You are not signed in.' : `You are signed in as ${user.name}.`
  profile.textContent = ''
  for (const part of document.querySelectorAll('[data-for]')) {
    part.hidden = part.dataset.for !== (user === null ? 'nobody' : 'somebody')
  }
}

press('sign-in', () => gatehouse.signIn())
press('sign-out', () => gatehouse.signOut())
press('profile', async () => {
  const answer = await gatehouse.fetch(`${issuer}/api/users/me`)
  profile.textContent = answer.ok ? JSON.stringify(await answer.json(), null, 2) : `${answer.status}`
})

// In this tab and in every other one of the application.
gatehouse.addEventListener('signin', () => void told(show))
gatehouse.addEventListener('signout', () => void told(show))
await told(show)
