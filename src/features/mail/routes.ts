import type { Mailer } from '../../core/mailer.ts'
import type { App } from '../../http/server.ts'

/** What `gatehouse doctor` asks of mail, over the control socket alone. */
export async function mailRoutes(app: App, { mailer }: { mailer: Pick<Mailer, 'check'> }): Promise<void> {
  app.post('/mail/check', async () => ({ fault: (await mailer.check()) ?? null }))
}
