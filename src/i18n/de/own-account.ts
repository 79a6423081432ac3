import { plural } from '../../pages/times.ts'
import type { Catalogue } from '../en.ts'
import { ownAccountPageTexts } from './own-account-pages.ts'
import { moment } from './moment.ts'

const hoursOf = (hours: number) => plural('de', hours, { one: 'eine Stunde', other: `${hours} Stunden` })

export const ownAccount: Catalogue['ownAccount'] = {
  ...ownAccountPageTexts,
  keep: {
    keptTitle: 'Ihr Konto bleibt bestehen',
    kept: 'Melden Sie sich an, um weiterzumachen wie bisher. Die API-Schlüssel, die Sie hatten, gelten nicht mehr.',
    notKeptTitle: 'Das Konto wurde nicht behalten',
    notKept:
      'Ihre Anmeldung ist zu lange her, oder Sie haben das Konto schon behalten. Melden Sie sich noch einmal an.',
  },
  confirmEmailMail: {
    subject: 'Bestätigen Sie Ihre neue Adresse',
    asked: 'Jemand, hoffentlich Sie, möchte diese Adresse für sein Konto verwenden, bei',
    open: (hours) => `Öffnen Sie diesen Link, um sie zu bestätigen. Er gilt einmal, ${hoursOf(hours)} lang:`,
    confirm: 'Adresse bestätigen',
    otherwise: 'Wenn Sie das nicht waren, ist nichts zu tun: Ohne den Link ändert sich nichts.',
  },
  emailChangeRequestedMail: {
    subject: 'Ihre Adresse soll sich ändern',
    asked: 'Jemand, hoffentlich Sie, möchte eine andere E-Mail-Adresse für Ihr Konto, bei',
    later: 'Sie gilt, sobald sie aus ihrem eigenen Postfach bestätigt wurde. Bis dahin ändert sich nichts.',
    otherwise: 'Wenn Sie das nicht waren, halten Sie es mit diesem Link auf, und wählen Sie ein neues Passwort:',
    stop: 'Änderung aufhalten',
  },
  emailChangedMail: {
    subject: 'Ihre Adresse wurde geändert',
    changed: 'Dies ist nicht mehr die E-Mail-Adresse Ihres Kontos bei',
    otherwise: (hours) =>
      `Wenn Sie das nicht waren, holen Sie das Konto mit diesem Link zurück. Er gilt ${hoursOf(hours)} lang und beendet alle ` +
      'Anmeldungen; Sie bekommen dann eine Mail, mit der Sie ein neues Passwort wählen:',
    takeBack: 'Konto zurückholen',
  },
  emailTakenBackMail: {
    subject: 'Wählen Sie ein neues Passwort',
    back: 'Ihr Konto hat wieder diese Adresse. Alle Anmeldungen und alle neueren API-Schlüssel wurden beendet, bei',
    choose: (hours) =>
      `Wer die Adresse geändert hat, kennt vielleicht Ihr Passwort. Wählen Sie jetzt ein neues; der Link gilt einmal, ${hoursOf(hours)} lang:`,
    newPassword: 'Neues Passwort wählen',
  },
  deletionRequestedMail: {
    subject: 'Ihr Konto wird gelöscht',
    asked: 'Jemand, hoffentlich Sie, hat die Löschung Ihres Kontos verlangt, bei',
    until: (until) =>
      `Alle Anmeldungen und alle API-Schlüssel sind beendet. Das Konto wird am ${moment.format(until)} (UTC) endgültig gelöscht. ` +
      'Bis dahin können Sie sich anmelden, um es zu behalten:',
    signIn: 'Konto behalten',
    otherwise:
      'Wenn Sie das nicht waren, melden Sie sich an, behalten Sie das Konto, und wählen Sie ein neues Passwort.',
  },
  accountKeptMail: {
    subject: 'Ihr Konto bleibt bestehen',
    kept: 'Die Löschung Ihres Kontos wurde zurückgenommen, bei',
    otherwise: 'Wenn Sie das nicht waren, wählen Sie ein neues Passwort:',
    signIn: 'Anmelden',
  },
  accountExportedMail: {
    subject: 'Eine Kopie Ihrer Daten wurde abgeholt',
    exported: 'Jemand, hoffentlich Sie, hat eine Kopie all dessen abgeholt, was über Ihr Konto gespeichert ist, bei',
    otherwise: 'Wenn Sie das nicht waren, wählen Sie ein neues Passwort; das beendet alle Anmeldungen:',
    account: 'Ihr Konto',
  },
}
