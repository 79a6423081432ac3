/** A mail server and a program of the web that reads mail, unmodified and with their defaults: the recipes of docs/openid.md. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { hasDovecot, hasRoundcube, roundcubeSite } from './support/debian.ts'
import { mailAudience, startMailServer } from './support/dovecot.ts'
import { browserOf, hiddenOf, letIn, redeem, registerProgram, requestOf } from './support/openid.ts'
import { hasProxy } from './support/proxies.ts'
import { filledIn, type Grounds, recipeOf, setGrounds, startProgram, wanderer } from './support/relying-parties.ts'
import { findProgram, freePort, scratchFolder } from './support/servers.ts'

/** A program that has a token for the mail server. */
async function dovecot(t: Test, { service, ada }: Grounds) {
  const { logIn } = await startMailServer(t, service)
  const program = await registerProgram(service, { first_party: true, audiences: [mailAudience] })
  const browser = browserOf(service)
  await browser.signIn(ada)
  const { code } = await letIn(browser, requestOf(service, program, { scope: 'openid email offline_access' }))
  const { access_token, refresh_token } = (await redeem(service, program, { code })).json()
  t.equal(await logIn(access_token, ada.id), 'OK')
  t.equal(await logIn(access_token, (await service.createUser()).id), 'NO', 'a token opens the box of nobody else')
  const form = { grant_type: 'refresh_token', refresh_token, client_id: program.client_id }
  const again = { ...form, client_secret: program.client_secret! }
  const renewed = (await service.call('/oauth/token', { method: 'POST', form: again })).json().access_token
  t.equal(await logIn(renewed, ada.id), 'OK')
  await service.operate('DELETE', `/users/${ada.id}/sessions`)
  t.equal(await logIn(renewed, ada.id), 'NO', 'whose session has ended')
}

/** Roundcube refreshes ten seconds before a token ends: one as short as this before each connection to Dovecot. */
const tokenSeconds = 5

/** Starts Roundcube before a mail server, as the recipe has it; resolves to its address. */
async function startRoundcube(t: Test, { service }: Grounds, mailPort: number) {
  const [port, folder] = [await freePort(), scratchFolder(t)]
  const app = `http://localhost:${port}`
  const { client_id, client_secret } = await registerProgram(service, {
    ...{ first_party: true, redirect_uris: [`${app}/index.php/login/oauth`], audiences: [mailAudience] },
    ...{ post_logout_redirect_uris: [`${app}/`], access_token_ttl_seconds: tokenSeconds },
  })
  const recipe = filledIn(recipeOf('Roundcube', 'php'), {
    'https://auth.example.com': service.issuer,
    'ssl://mail.example.com:993': `127.0.0.1:${mailPort}`,
    "'webmail'": `'${client_id}'`,
    'the secret of the client': client_secret!,
  })
  for (const name of ['config', 'logs', 'temp']) mkdirSync(join(folder, name))
  symlinkSync('/etc/roundcube/defaults.inc.php', join(folder, 'config/defaults.inc.php'))
  const lines = [
    '<?php',
    `$config['db_dsnw'] = 'sqlite:///${folder}/mail.sqlite?mode=0600';`,
    `$config['log_dir'] = '${folder}/logs/';`,
    `$config['temp_dir'] = '${folder}/temp/';`,
    "$config['des_key'] = 'four and twenty letters.';",
    recipe,
  ]
  writeFileSync(join(folder, 'config/config.inc.php'), lines.join('\n'))
  const told = { ROUNDCUBE_CONFIG_DIR: join(folder, 'config') }
  await startProgram(t, port, [findProgram('php')!, '-S', `127.0.0.1:${port}`, '-t', roundcubeSite], told)
  return { app, client_id }
}

/** Where a link of a page leads. */
function linkOf(page: string, app: string, part: string): string {
  const [, href] = new RegExp(`href="([^"]*${part}[^"]*)"`).exec(page) ?? []
  if (href === undefined) throw new Error(`no link to ${part} in ${page}`)
  return new URL(href.replaceAll('&amp;', '&'), app).href
}

async function webmail(t: Test, grounds: Grounds) {
  const { service, ada } = grounds
  const { port } = await startMailServer(t, service)
  const { app, client_id } = await startRoundcube(t, grounds, port)
  const browser = wanderer()
  const signIn = async () => {
    const { answer } = await browser.visit(`${app}/`)
    return browser.visit(linkOf(answer.body, app, '_action=oauth'))
  }
  const list = `${app}/?_task=mail&_action=list&_remote=1&_mbox=INBOX`
  const isOpen = async () => (await browser.visit(list)).answer.body.includes('No messages found in this mailbox.')

  const back = await browser.submit(await signIn(), { email: ada.email, password: ada.password })
  t.equal(back.url, `${app}/?_task=mail`)
  t.ok(await isOpen(), 'Dovecot takes its token')
  service.clock.advance(tokenSeconds + 1)
  t.ok(await isOpen(), 'and the next one, since the first has ended')

  // The link has only the first half: the page's script adds what shows that the click was its own.
  const [, own] = /"request_token":"(\w+)"/.exec(back.answer.body)!
  const out = await browser.visit(`${linkOf(back.answer.body, app, '_task=logout')}&_token=${own}`)
  t.match(out.answer.body, /_action=oauth/)
  t.notOk(await isOpen())
  t.equal((await signIn()).url, `${app}/?_task=mail`, 'the session at the service goes on')
  const query = new URLSearchParams({ client_id, post_logout_redirect_uri: `${app}/` })
  const asked = await browser.visit(`${service.issuer}/oauth/logout?${String(query)}`)
  t.equal((await browser.submit(asked, hiddenOf(asked.answer))).url, `${app}/`)
  t.notOk(await isOpen(), 'nothing opens the mail box once the person has signed out at the service')
  t.match((await signIn()).url, `${service.issuer}/login`)
}

if (hasProxy('nginx') && hasDovecot()) {
  void test('mail', async (t) => {
    const grounds = await setGrounds(t)
    await t.test('Dovecot opens a mail box by an access token, as long as it is good', (t) => dovecot(t, grounds))
    if (hasRoundcube())
      await t.test('Roundcube signs somebody in, refreshes, reads mail at Dovecot and signs out', (t) =>
        webmail(t, grounds),
      )
  })
}
