/** What is sent. */
import type { Mailer } from '../../core/mailer.ts'
import type { Feature } from '../../http/feature.ts'
import { mailRoutes } from './routes.ts'

export interface Mail extends Feature {
  readonly mailer: Mailer
}

/** `make`: makes what sends, which reads files; called by the start, or by the first mail. */
export function createMail(make: () => Mailer): Mail {
  let made: Mailer | undefined
  const own = () => (made ??= make())
  const mailer: Mailer = {
    send: async (mail) => own().send(mail),
    check: async () => own().check(),
    close: async () => made?.close(),
  }
  return {
    mailer,
    routes: { control: (app) => mailRoutes(app, { mailer }) },
    start: async () => void own(),
    stop: () => mailer.close(),
  }
}
