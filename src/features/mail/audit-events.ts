import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const mailEvents = {
  'mail.retried': auditEvent<{ mail: string; kind: string }>(
    'info',
    'a mail is tried again',
    'id of the mail, and its kind',
  ),
}
