import { plural } from '../../pages/times.ts'
import type { Catalogue } from '../en.ts'

/** What mails about a password and an invitation say. */
export const accountMails: Pick<Catalogue['accounts'], 'resetMail' | 'passwordChangedMail' | 'invitationMail'> = {
  resetMail: {
    subject: 'Wählen Sie ein neues Passwort',
    asked: 'Jemand, hoffentlich Sie, möchte ein neues Passwort für Ihr Konto, bei',
    open: (hours) =>
      `Öffnen Sie diesen Link, um eines zu wählen. Er gilt einmal, ${plural('de', hours, { one: 'eine Stunde', other: `${hours} Stunden` })} lang:`,
    choose: 'Neues Passwort wählen',
    otherwise: 'Wenn Sie das nicht waren, ist nichts zu tun: Ihr Passwort bleibt, wie es ist.',
  },
  passwordChangedMail: {
    subject: 'Ihr Passwort wurde geändert',
    changed: 'Das Passwort Ihres Kontos wurde geändert, und andere Anmeldungen von Ihnen wurden beendet, bei',
    otherwise: 'Wenn Sie das nicht waren, wählen Sie sofort ein neues Passwort:',
    choose: 'Neues Passwort wählen',
  },
  invitationMail: {
    subject: 'Sie sind eingeladen, ein Konto zu eröffnen',
    invited: 'Sie sind eingeladen, ein Konto zu eröffnen, bei',
    open: (days) =>
      `Öffnen Sie diesen Link, um Namen und Passwort zu wählen. Er gilt einmal, ${plural('de', days, { one: 'einen Tag', other: `${days} Tage` })} lang:`,
    accept: 'Konto eröffnen',
    otherwise: 'Wenn Sie damit nichts anfangen können, ist nichts zu tun: Ohne den Link gibt es kein Konto.',
  },
}
