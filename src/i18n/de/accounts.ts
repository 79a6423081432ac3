import { plural } from '../../pages/times.ts'
import type { Catalogue } from '../en.ts'

/** What mails about a password and an invitation say. */
export const accountMails: Pick<
  Catalogue['accounts'],
  'resetMail' | 'passwordChangedMail' | 'passwordSetMail' | 'administratorMail' | 'invitationMail'
> = {
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
  passwordSetMail: {
    subject: 'Sie haben ein neues Passwort bekommen',
    set: 'Wer den Dienst betreibt, hat ein neues Passwort für Ihr Konto gesetzt und alle Ihre Anmeldungen beendet, bei',
    otherwise: 'Wenn Sie nicht darum gebeten haben, fragen Sie nach. Wählen Sie ein Passwort, das nur Sie kennen:',
    choose: 'Neues Passwort wählen',
  },
  administratorMail: {
    subject: 'Sie verwalten jetzt den Dienst',
    granted: 'Ihr Konto darf von jetzt an alles verwalten, bei',
    otherwise:
      'Wenn Sie nicht damit gerechnet haben, fragen Sie bei den Betreibern nach. Falls jemand anderes Ihr Passwort kennt, ' +
      'wählen Sie ein neues:',
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
