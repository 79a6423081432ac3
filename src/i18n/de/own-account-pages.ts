import type { ownAccountPageTexts as english } from '../../features/own-account/page-texts.ts'
import { html } from '../../pages/html.ts'
import { plural } from '../../pages/times.ts'

export const ownAccountPageTexts: typeof english = {
  presentPassword: 'Jetziges Passwort',
  wrongPassword: 'Das Passwort ist falsch.',
  otherDomain: 'Adressen dieser Domain können hier nicht verwendet werden.',
  tooManyFailures: 'Das waren zu viele Fehlversuche. Warten Sie einige Minuten, und versuchen Sie es noch einmal.',

  changePassword: {
    title: 'Passwort ändern',
    why: 'Überall sonst, wo Sie angemeldet sind, werden Sie abgemeldet.',
    fresh: 'Neues Passwort',
    endApiKeys: (count) =>
      plural('de', count, {
        one: 'Auch Ihren API-Schlüssel beenden',
        other: `Auch Ihre ${count} API-Schlüssel beenden`,
      }),
  },
  passwordElsewhere: {
    title: 'Ihr Passwort wird anderswo aufbewahrt',
    why: (directory) =>
      html`Sie melden sich mit Ihrem Passwort von ${directory} an. Es wird dort geändert, nicht hier.`,
    open: 'Dort ändern',
    unknown: 'Fragen Sie, wer dieses Verzeichnis betreut, wie es geändert wird.',
  },
  changeEmail: {
    title: 'E-Mail-Adresse ändern',
    why: (email) =>
      html`Jetzt ist es ${email}. Wir schicken einen Link an die neue Adresse. Sie gilt, sobald Sie ihn geöffnet haben,
      und die jetzige Adresse erfährt davon.`,
    fresh: 'Neue E-Mail-Adresse',
    same: 'Das ist schon die Adresse Ihres Kontos.',
  },
  confirmEmail: {
    title: 'Neue Adresse bestätigen',
    why: (email) => html`Ab jetzt melden Sie sich mit ${email} an.`,
    submit: 'Adresse bestätigen',
  },
  undoEmail: {
    title: 'Adresse behalten?',
    stop: (email) =>
      html`Jemand möchte für das Konto von ${email} eine andere Adresse. Waren Sie das nicht? Dann halten Sie es hier
      auf.`,
    takeBack: (email) =>
      html`Das Konto von ${email} hat eine andere Adresse bekommen. Waren Sie das nicht? Dann holen Sie es hier zurück:
      Alle Anmeldungen und neueren API-Schlüssel enden, und wir schicken Ihnen einen Link zu einem neuen Passwort.`,
    submit: 'Das war ich nicht',
  },
  linkDone: {
    confirmed: { title: 'Adresse bestätigt', text: 'Melden Sie sich ab jetzt mit ihr an.' },
    stopped: {
      title: 'Änderung aufgehalten',
      text: 'Das Konto behält seine Adresse. Wählen Sie zur Sicherheit ein neues Passwort.',
    },
    taken_back: {
      title: 'Adresse zurückgeholt',
      text: 'Das Konto hat wieder seine frühere Adresse. Sehen Sie in Ihre E-Mails: Der Link dort führt zu einem neuen Passwort.',
    },
  },
  linkUseless: {
    title: 'Dieser Link funktioniert nicht mehr',
    why: 'Er wurde schon benutzt, er ist zu alt, oder ein anderer ist an seine Stelle getreten.',
  },

  deleteAccount: {
    title: 'Konto löschen',
    why: 'Sie werden überall sofort abgemeldet, und Ihre API-Schlüssel enden.',
    ends: (days) =>
      days === 0
        ? 'Das Konto wird sofort gelöscht, mit allem, was dazugehört. Es kann nicht wiederkommen.'
        : `${plural('de', days, { one: 'Einen Tag lang', other: `${days} Tage lang` })} können Sie sich anmelden und es behalten. ` +
          'Danach wird es endgültig gelöscht, mit allem, was dazugehört.',
    submit: 'Konto löschen',
    endsTitle: 'Ihr Konto endet',
    endsOn: (at) => html`Es wird am ${at} endgültig gelöscht. Bis dahin können Sie sich anmelden und es behalten.`,
    gone: 'Es ist gelöscht, mit allem, was dazugehörte.',
  },
  exportAccount: {
    title: 'Kopie Ihrer Daten',
    why: 'Alles, was über Sie gespeichert ist, als Datei (JSON). Sie erfahren davon auch per E-Mail.',
    submit: 'Herunterladen',
  },
}
