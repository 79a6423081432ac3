import { html } from '../../pages/html.ts'
import type { Catalogue } from '../en.ts'

export const directories: Catalogue['directories'] = {
  title: 'Konten aus Verzeichnissen',
  why: 'Mit einem Konto Ihrer Organisation, das hier verbunden ist, können Sie sich auch an diesem Konto anmelden.',
  directory: (name) => html`Aus ${name}`,
  lastUsed: (at) => html`Zuletzt benutzt am ${at}`,
  none: 'Mit Ihrem Konto ist kein Konto eines Verzeichnisses verbunden.',
  connect: 'Ein Konto verbinden',
  aboutConnect:
    'Geben Sie den Namen und das Passwort ein, die Sie in Ihrer Organisation haben. Von da an öffnen sie dieses Konto.',
  login: 'Benutzername oder E-Mail im Verzeichnis',
  password: 'Passwort im Verzeichnis',
  connected: 'Das Konto ist mit Ihrem verbunden.',
  disconnect: 'Trennen',
  disconnected: 'Das Konto ist nicht mehr mit Ihrem verbunden.',
  wrong: 'Der Name oder das Passwort ist falsch.',
  taken: 'Dieses Konto öffnet hier schon ein anderes Konto.',
  lastWay: 'Sie können sich auf keine andere Weise anmelden.',
  gone: 'Dieses Konto ist nicht mit Ihrem verbunden.',
  mustChange: 'Das Passwort muss erst geändert werden, dort wo es aufbewahrt wird.',
  ended: (directory) => `${directory} lässt die Anmeldung mit diesem Konto nicht zu. Fragen Sie, wer es dort betreut.`,
  away: 'Das Verzeichnis antwortet gerade nicht. Versuchen Sie es in einigen Minuten noch einmal.',

  connectedMail: {
    subject: 'Ein weiteres Konto öffnet Ihres',
    connected: (directory) => `Ein Konto aus ${directory} wurde mit Ihrem Konto verbunden bei`,
    whatItMeans: 'Wer dessen Passwort kennt, kann sich von nun an an Ihrem Konto anmelden.',
    otherwise: 'Wenn Sie das nicht waren, melden Sie sich an, trennen Sie es und wählen Sie ein neues Passwort.',
    signIn: 'Anmelden',
  },
  elsewhereMail: {
    subject: 'Ihr Passwort wird anderswo aufbewahrt',
    asked: 'Jemand, wahrscheinlich Sie, hat ein neues Passwort für Ihr Konto verlangt bei',
    where: (directory) =>
      `Sie melden sich dort mit Ihrem Passwort von ${directory} an, das dort geändert wird und nicht hier.`,
    unknown: 'Fragen Sie, wer dieses Verzeichnis betreut, wie es geändert wird.',
    change: 'Dort ändern',
    otherwise: 'Wenn Sie das nicht waren, ist nichts zu tun.',
  },
}
