/** Real Dovecot, which takes access tokens in place of passwords, as the recipe has it. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { registerProgram } from './openid.ts'
import { until } from './patience.ts'
import { filledIn, recipeOf, startProgram } from './relying-parties.ts'
import { findProgram, freePort, scratchFolder } from './servers.ts'
import type { Service } from './service.ts'

/** The audience of the mail server. */
export const mailAudience = 'https://mail.example.com'

export interface MailServer {
  port: number
  /** Signs in as mail programs do; resolves to the status that ends it. */
  logIn(token: string, user: string): Promise<string>
}

export async function startMailServer(t: Test, service: Service): Promise<MailServer> {
  const [port, folder] = [await freePort(), scratchFolder(t)]
  // Its processes run as others than who has started it.
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'mail'))
  chmodSync(join(folder, 'mail'), 0o777)
  const { client_id, client_secret } = await registerProgram(service, {
    ...{ grants: ['client_credentials'], redirect_uris: [], scopes: [], audiences: [mailAudience] },
  })
  const tokens = filledIn(recipeOf('Dovecot', 'ini'), {
    'https://imap:the-secret@auth.example.com': service.issuer.replace('//', `//${client_id}:${client_secret}@`),
  })
  const settings = filledIn(recipeOf('Dovecot', 'nginx'), {
    '/etc/dovecot/dovecot-oauth2.conf.ext': join(folder, 'tokens.ext'),
    '/var/mail/users': join(folder, 'mail'),
  })
  const own = userInfo().username
  const [owner, group] = own === 'root' ? ['nobody', 'nogroup'] : [own, own]
  const others = own === 'root' ? [] : [`default_login_user = ${own}`, `default_internal_user = ${own}`]
  const lines = [
    ...['protocols = imap', 'ssl = no', `base_dir = ${folder}/run`, `log_path = ${folder}/log`, `mail_uid = ${owner}`],
    ...[`mail_gid = ${group}`, 'first_valid_uid = 1', 'first_valid_gid = 1', 'auth_failure_delay = 0'],
    ...[...others, settings],
    ...['service imap-login {', '  inet_listener imap {', '    address = 127.0.0.1', `    port = ${port}`, '  }'],
    ...['  inet_listener imaps {', '    port = 0', '  }', '  chroot =', '}', 'service anvil {', '  chroot =', '}'],
  ]
  writeFileSync(join(folder, 'tokens.ext'), tokens)
  writeFileSync(join(folder, 'dovecot.conf'), lines.join('\n'))
  await startProgram(t, port, [findProgram('dovecot')!, '-F', '-c', join(folder, 'dovecot.conf')], {})
  await until(`Dovecot greets on port ${port}`, () => isGreeted(port))
  const log = () => readFileSync(join(folder, 'log'), 'utf8')
  return { port, logIn: (token, user) => logIn({ port, log }, token, user) }
}

/**
 * Its master process listens before anything else of it runs, and the greeting comes once the one that judges passwords answers.
 * A connection that is given up before that is one of the start.
 */
function isGreeted(port: number) {
  return new Promise<boolean>((done) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('data', (chunk: Buffer) => {
      done(chunk.toString().startsWith('* OK '))
      socket.destroy()
    })
    socket.on('error', () => done(false))
    socket.on('close', () => done(false))
  })
}

function logIn({ port, log }: { port: number; log(): string }, token: string, user: string) {
  return new Promise<string>((done, fail) => {
    const shown = Buffer.from(`n,a=${user},\u0001auth=Bearer ${token}\u0001\u0001`).toString('base64')
    // As mail programs do: after the greeting. A refusal is explained by a challenge, which 0x01 ends (RFC 7628 §3.2.3).
    const steps: [said: RegExp, reply: string][] = [
      [/^\* OK /m, `a AUTHENTICATE OAUTHBEARER ${shown}\r\n`],
      [/^\+ /m, 'AQ==\r\n'],
    ]
    const socket = connect(port, '127.0.0.1')
    let [said, isJudged] = ['', false]
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const [, status] = /^a (OK|NO|BAD)/m.exec(said) ?? []
      if (status !== undefined) {
        isJudged = true
        done(status)
        socket.destroy()
      } else if (steps[0]?.[0].test(said)) socket.write(steps.shift()![1])
    })
    // Only its log tells why.
    const end = (how: string) => isJudged || fail(new Error(`${how} after ${said}, and the log says\n${log()}`))
    socket.on('error', ({ message }) => end(message))
    socket.on('close', () => end('Dovecot closed the connection'))
  })
}
