/** A mail server (RFC 5321) that takes every mail and keeps it; it offers neither TLS nor SMTPUTF8, as many do not. */
import { createServer, type Socket } from 'node:net'
import { until } from './patience.ts'

export interface ReceivedMail {
  from: string
  to: string[]
  /** Head and body, as they were sent. */
  content: string
}

export interface MailServer {
  /** For `SMTP_URL`. */
  url: string
  received: ReceivedMail[]
  /** The mails to one address, once there are so many. */
  mailsTo(address: string, count?: number): Promise<ReceivedMail[]>
}

export async function startMailServer(t: { teardown(after: () => unknown): unknown }): Promise<MailServer> {
  const received: ReceivedMail[] = []
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket.on('close', () => open.delete(socket)).on('error', () => {}))
    converse(socket, (mail) => received.push(mail))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const { port } = server.address() as { port: number }
  const to = (address: string) => received.filter((mail) => mail.to.includes(address))
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    async mailsTo(address, count = 1) {
      await until(`${count} mails to ${address}`, async () => to(address).length >= count)
      return to(address)
    },
  }
}

function converse(socket: Socket, take: (mail: ReceivedMail) => void): void {
  let [waiting, isContent] = ['', false]
  let mail: ReceivedMail = { from: '', to: [], content: '' }
  const say = (line: string) => socket.write(`${line}\r\n`)
  const answer = (line: string) => {
    const [, address = ''] = /<(.*)>/.exec(line) ?? []
    if (/^MAIL FROM:/i.test(line)) mail = { from: address, to: [], content: '' }
    if (/^RCPT TO:/i.test(line)) mail.to.push(address)
    isContent = /^DATA$/i.test(line)
    if (/^QUIT$/i.test(line)) return void socket.end('221 bye\r\n')
    say(isContent ? '354 go on' : '250 ok')
  }
  say('220 mail.example.test')
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    waiting += chunk
    for (let end; (end = waiting.indexOf(isContent ? '\r\n.\r\n' : '\r\n')) !== -1;) {
      const part = waiting.slice(0, end)
      waiting = waiting.slice(end + (isContent ? 5 : 2))
      if (!isContent) {
        answer(part)
        continue
      }
      take({ ...mail, content: part })
      isContent = false
      say('250 taken')
    }
  })
}
