/** SMTP_URL is read as strictly as the other servers' URLs: nothing of it is passed over, or left to a library. */
import { test } from 'tap'
import { needsTls, readSmtpUrl } from '../../src/core/smtp-url.ts'

const read = (url: string) => {
  const result = readSmtpUrl(url)
  if (result.kind === 'faulty') throw new Error(result.faults.join('\n'))
  return result.address
}
const faults = (url: string) => {
  const result = readSmtpUrl(url)
  return result.kind === 'faulty' ? result.faults : []
}

void test('SMTP_URL tells host, port, login and security', (t) => {
  t.match(read('smtp://mail.example.com'), {
    host: 'mail.example.com',
    port: 587,
    credentials: undefined,
    security: 'starttls',
  })
  t.match(read('smtps://mail.example.com'), { port: 465, security: 'implicit' })
  t.match(read('SMTPS://Mail.Example.COM:2465/'), { host: 'mail.example.com', port: 2_465, security: 'implicit' })
  t.match(read('smtp://[fd00::1]:25'), { host: 'fd00::1', port: 25 })
  t.match(read('smtp://post.bücher.example'), { host: 'post.xn--bcher-kva.example' })
  t.same(read('smtp://me%40example.com:p%40ss%2F%25@h').credentials, { user: 'me@example.com', password: 'p@ss/%' })
  t.match(read('smtp://h?starttls=never&name=auth.example.com'), { security: 'never', name: 'auth.example.com' })
  t.match(read('smtps://h?sslrootcert=%2Fa%2Fca.pem&sslcert=/a/c.pem&sslkey=/a/k.pem').tls, {
    rootCertificates: '/a/ca.pem',
    certificate: '/a/c.pem',
    key: '/a/k.pem',
  })
  t.end()
})

void test('what cannot be kept to stops the start by its name, without a value', (t) => {
  const refused: [url: string, line: RegExp][] = [
    ['smtp://h?requireTLS=false', /^SMTP_URL: requireTLS: leave it out: .*mail\.require_tls/],
    ['smtp://h?ignoreTLS=true', /^SMTP_URL: ignoreTLS: leave it out: .*mail\.require_tls/],
    ['smtp://h?opportunisticTLS=true', /^SMTP_URL: opportunisticTLS: /],
    ['smtp://h?secure=false', /^SMTP_URL: secure: leave it out: smtps:/],
    ['smtps://h?tls.rejectUnauthorized=false', /^SMTP_URL: tls\.rejectUnauthorized: .*always checked; .*sslrootcert/],
    ['smtps://h?tls.servername=x', /^SMTP_URL: tls\.servername: leave it out/],
    ['smtps://h?tls.minVersion=TLSv1', /^SMTP_URL: tls\.minVersion: there is no such parameter of an SMTP URL here/],
    ['smtp://h?pool=true', /^SMTP_URL: pool: there is no such parameter/],
    ['smtp://h?url=smtp%3A%2F%2Fhunter2', /^SMTP_URL: url: there is no such parameter/],
    ['smtp://h?streamTransport=true', /^SMTP_URL: streamTransport: there is no such parameter/],
    ['smtp://h?hunter2%2F=x', /^SMTP_URL: a parameter: there is no such parameter/],
    ['smtp://h?__proto__=hunter2', /^SMTP_URL: a parameter: there is no such parameter/],
    ['smtp://h?name=a%0D%0Ahunter2', /^SMTP_URL: name: expected the host name/],
    ['smtp://h?name=a&name=b', /^SMTP_URL: name: it is given twice/],
    ['smtp://h?starttls=hunter2', /^SMTP_URL: starttls: expected never/],
    ['smtps://h?starttls=never', /^SMTP_URL: starttls: it is for smtp:\/\/ alone/],
    ['smtps://h?sslcert=/hunter2', /^SMTP_URL: sslcert and sslkey are given together/],
    ['smtp://h:465', /^SMTP_URL: expected smtps:\/\/ for port 465/],
    ['smtp://h:0', /^SMTP_URL: expected a port from 1/],
    ['smtp://h:70000', /^SMTP_URL: expected an smtp:/],
    ['smtp://h/hunter2', /^SMTP_URL: expected nothing after the host/],
    ['smtp://hunter2@h', /^SMTP_URL: expected a user with its password/],
    ['smtp://:hunter2@h', /^SMTP_URL: expected a user with its password/],
    ['smtp://', /^SMTP_URL: expected an smtp:/],
    ['smtp:///x', /^SMTP_URL: expected an smtp:/],
    ['smtp:hunter2.example', /^SMTP_URL: expected an smtp:/],
    ['direct://hunter2', /^SMTP_URL: expected an smtp:/],
  ]
  for (const [url, line] of refused) {
    const told = faults(url).join('\n')
    t.match(told, line, url)
    t.notMatch(told, 'hunter2', url)
  }
  t.end()
})

void test('TLS is needed on the way to every host but those of this machine', (t) => {
  const needs = (host: string) => needsTls(read(`smtp://${host}:2525`), true)
  for (const own of ['127.0.0.1', '127.8.9.10', '127.1', '[::1]', 'localhost', 'LOCALHOST', 'mail.localhost'])
    t.equal(needs(own), false, own)
  for (const other of [
    ...['mail.example.com', '10.0.0.1', '0.0.0.0', '[::]', '[fd00::1]', '192.168.0.1', 'mail', 'mylocalhost'],
    ...['localhost.example.com', 'localhost.', '127.0.0.1.example.com', '128.0.0.1', '[::2]', '[fe80::1]'],
  ]) {
    t.equal(needs(other), true, other)
    t.equal(needsTls(read(`smtp://${other}:2525`), false), false, `${other}, where the setting says so`)
  }
  t.end()
})
