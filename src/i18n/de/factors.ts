import { html } from '../../pages/html.ts'
import { plural } from '../../pages/times.ts'
import type { Catalogue } from '../en.ts'

export const factors: Catalogue['factors'] = {
  title: 'Passkeys und zweiter Faktor',
  why: 'Ein Passkey meldet Sie ohne Passwort an. Mit einem Passkey oder einer App kommt niemand hinein, der nur Ihr Passwort erfahren hat.',
  app: 'Authenticator-App',
  noApp: 'Nicht eingerichtet',
  aboutApp: 'Eine App auf Ihrem Telefon oder ein Passwortmanager, der jede halbe Minute einen neuen Code zeigt',
  addedAt: (at) => html`Eingerichtet am ${at}`,
  usedAt: (at) => html`Zuletzt benutzt am ${at}`,
  setUp: 'Einrichten',
  replace: 'Neu einrichten',
  remove: 'Entfernen',
  codes: 'Wiederherstellungscodes',
  codesLeft: (left) =>
    left === 0 ? 'Keiner ist übrig' : plural('de', left, { one: 'Einer ist übrig', other: `${left} sind übrig` }),
  makeCodes: 'Neue erstellen',
  removed: 'Die Authenticator-App ist entfernt.',

  passkeys: {
    title: 'Passkeys',
    none: 'Sie haben noch keinen. Ein Passkey liegt auf Ihrem Gerät, in Ihrem Passwortmanager oder auf einem Sicherheitsschlüssel und öffnet sich mit Ihrem Fingerabdruck, Ihrem Gesicht oder einer PIN.',
    add: 'Passkey hinzufügen',
    addedAt: (at) => html`Hinzugefügt am ${at}`,
    neverUsed: 'Noch nicht benutzt',
    isSynced: 'Zwischen Ihren Geräten synchronisiert',
    mayBeSynced: 'Noch nicht synchronisiert',
    isBound: 'Nur auf einem Gerät',
    rename: 'Umbenennen',
    done: {
      added: 'Der Passkey ist hinzugefügt.',
      renamed: 'Der Passkey hat einen anderen Namen.',
      removed: 'Der Passkey ist entfernt. Wenn Ihr Gerät ihn noch anbietet, entfernen Sie ihn auch dort.',
    },
  },
  addPasskeyPage: {
    title: 'Passkey hinzufügen',
    why: 'Ihr Browser fragt, wo der Passkey aufbewahrt werden soll und ob Sie es sind.',
    nameHint: 'Daran unterscheiden Sie Ihre Passkeys.',
    submit: 'Passkey hinzufügen',
    missing: 'Dieser Browser kann keine Passkeys erstellen, oder Skripte sind darin ausgeschaltet.',
    failed: 'Es wurde kein Passkey erstellt. Versuchen Sie es noch einmal.',
    known: 'Auf diesem Gerät oder Sicherheitsschlüssel gibt es schon einen Passkey von Ihnen.',
    tooMany: 'Sie haben so viele Passkeys, wie Sie haben können. Entfernen Sie zuerst einen.',
    refused: 'Dieser Passkey wurde nicht angenommen. Versuchen Sie es noch einmal.',
  },
  enrolPasskey: {
    title: 'Oder nehmen Sie einen Passkey',
    why: 'Mit Ihrem Fingerabdruck, Ihrem Gesicht, einer PIN oder einem Sicherheitsschlüssel. Beim nächsten Mal meldet er Sie ohne Passwort an.',
  },
  renamePasskeyPage: { title: 'Passkey umbenennen' },
  removePasskeyPage: {
    title: 'Passkey entfernen?',
    why: (name) => html`${name} meldet Sie dann nicht mehr an.`,
    whyLast:
      'Sie haben keinen anderen Passkey und keine App: Dann genügt Ihr Passwort zur Anmeldung, und die Wiederherstellungscodes gelten nicht mehr. Ab der nächsten Anmeldung lassen Seiten, die einen zweiten Faktor verlangen, Sie nicht mehr hinein.',
    submit: 'Entfernen',
  },

  setUpPage: {
    title: 'Authenticator-App einrichten',
    enrolTitle: 'Ein zweiter Faktor ist nötig',
    enrolWhy: 'Ihr Konto braucht einen, bevor es weitergeht. Richten Sie ihn jetzt ein: Das dauert eine Minute.',
    scan: 'Öffnen Sie Ihre Authenticator-App, fügen Sie dort ein Konto hinzu, und scannen Sie dieses Bild.',
    picture: 'Bild für die Authenticator-App',
    orType: 'Wenn Sie es nicht scannen können, geben Sie diesen Schlüssel in die App ein:',
    thenCode: 'Code, den die App zeigt',
    codeHint: 'Sechs Ziffern. Der Faktor gilt, sobald Sie den ersten Code eingegeben haben.',
    submit: 'Einrichten',
    wrongCode: (at) =>
      `Dieser Code ist falsch. Warten Sie auf den nächsten, und prüfen Sie, ob die Uhr Ihres Geräts stimmt: Hier ist es ${at} (UTC).`,
    gone: 'Das hat zu lange gedauert oder wurde anderswo neu begonnen. Scannen Sie das neue Bild.',
  },
  mailbox: {
    title: 'Sehen Sie in Ihre E-Mails',
    why:
      'Wer diesen Dienst betreibt, hat den zweiten Faktor von Ihrem Konto entfernt. Bevor Sie einen neuen einrichten, zeigen ' +
      'Sie, dass Sie die E-Mails des Kontos lesen: Wir haben Ihnen einen Link geschickt. Öffnen Sie ihn in diesem Browser.',
    notCome:
      'Wenn er nicht innerhalb einiger Minuten kommt, sehen Sie im Spam-Ordner nach, oder melden Sie sich noch einmal an, um einen neuen zu bekommen.',
  },
  codesPage: {
    title: 'Ihre Wiederherstellungscodes',
    done: 'Die Authenticator-App ist eingerichtet.',
    why: 'Jeder dieser Codes gilt einmal anstelle Ihres zweiten Faktors, zum Beispiel wenn Sie Ihr Telefon verloren haben. Bewahren Sie sie auf, wo niemand anderes nachsieht.',
    once: 'Sie werden hier einmal angezeigt und dann nie wieder.',
    download: 'Als Datei speichern',
    proceed: 'Ich habe sie aufbewahrt',
    file: (service) => `Wiederherstellungscodes für ${service}. Jeder gilt einmal.`,
  },
  newCodesPage: {
    title: 'Neue Wiederherstellungscodes erstellen?',
    why: 'Die, die Sie jetzt haben, gelten dann nicht mehr.',
    submit: 'Neue Codes erstellen',
  },
  removePage: {
    title: 'Authenticator-App entfernen?',
    why: 'Dann genügt Ihr Passwort zur Anmeldung, und die Wiederherstellungscodes gelten nicht mehr. Ab der nächsten Anmeldung lassen Seiten, die einen zweiten Faktor verlangen, Sie nicht mehr hinein.',
    whyWithPasskeys: 'Dann weisen Sie sich allein mit Ihren Passkeys aus. Die Wiederherstellungscodes gelten weiter.',
    submit: 'Entfernen',
  },

  addedMail: {
    subject: 'Ein zweiter Faktor wurde eingerichtet',
    happened: 'Eine Authenticator-App wurde eingerichtet für Ihr Konto bei',
    otherwise:
      'Wenn Sie das nicht waren, kennt jemand Ihr Passwort und ist in Ihrem Namen angemeldet. Bitten Sie sofort um Hilfe, wer den Dienst betreibt.',
    toFactors: 'Ihr zweiter Faktor',
  },
  removedMail: {
    subject: 'Ihr zweiter Faktor wurde entfernt',
    happened: 'Die Authenticator-App wurde entfernt von Ihrem Konto bei',
    otherwise:
      'Wenn Sie das nicht waren, wählen Sie sofort ein neues Passwort, beenden Sie die Sitzungen, die nicht Ihre sind, und richten Sie die App wieder ein.',
    toFactors: 'Ihr zweiter Faktor',
  },
  passkeyAddedMail: {
    subject: 'Ein Passkey wurde hinzugefügt',
    happened: (name) => `Der Passkey „${name}“ wurde hinzugefügt, mit dem man sich anmeldet für Ihr Konto bei`,
    otherwise:
      'Wenn Sie das nicht waren, ist jemand in Ihrem Namen angemeldet: Entfernen Sie den Passkey sofort, wählen Sie ein neues Passwort, und beenden Sie die Sitzungen, die nicht Ihre sind.',
    toFactors: 'Ihre Passkeys',
  },
  passkeyRemovedMail: {
    subject: 'Ein Passkey wurde entfernt',
    happened: (name) => `Der Passkey „${name}“ wurde entfernt von Ihrem Konto bei`,
    otherwise:
      'Wenn Sie das nicht waren, ist jemand in Ihrem Namen angemeldet: Wählen Sie sofort ein neues Passwort, beenden Sie die Sitzungen, die nicht Ihre sind, und fügen Sie den Passkey wieder hinzu.',
    toFactors: 'Ihre Passkeys',
  },
  passkeyCopiedMail: {
    subject: 'Ein Passkey wurde vielleicht kopiert',
    happened: (name) =>
      `Eine Anmeldung mit dem Passkey „${name}“ wurde abgelehnt: Er oder eine Kopie von ihm war schon vorher benutzt worden. Er gehört zu Ihrem Konto bei`,
    otherwise:
      'Entfernen Sie diesen Passkey, und fügen Sie einen neuen hinzu. Wenn Sie ihn nur auf einem Gerät benutzt haben, hat vielleicht jemand anderes eine Kopie.',
    toFactors: 'Ihre Passkeys',
  },
  codesMadeMail: {
    subject: 'Neue Wiederherstellungscodes wurden erstellt',
    happened: 'Neue Wiederherstellungscodes wurden erstellt, und die früheren gelten nicht mehr, für Ihr Konto bei',
    otherwise:
      'Wenn Sie das nicht waren, ist jemand in Ihrem Namen angemeldet: Wählen Sie sofort ein neues Passwort, und beenden Sie die Sitzungen, die nicht Ihre sind.',
    toFactors: 'Ihr zweiter Faktor',
  },
  codeUsedMail: {
    subject: 'Ein Wiederherstellungscode wurde benutzt',
    happened:
      'Jemand, hoffentlich Sie selbst, hat anstelle eines Codes der App einen Wiederherstellungscode benutzt für Ihr Konto bei',
    left: (left) =>
      left === 0
        ? 'Jetzt ist keiner übrig. Erstellen Sie neue.'
        : plural('de', left, {
            one: 'Jetzt ist einer übrig. Erstellen Sie bald neue.',
            other: `Jetzt sind ${left} übrig.`,
          }),
    otherwise:
      'Wenn Sie das nicht waren, hat jemand Ihr Passwort und Ihre Codes: Wählen Sie ein neues Passwort, und erstellen Sie neue Codes.',
    toFactors: 'Ihr zweiter Faktor',
  },
  codesRefusedMail: {
    subject: 'Jemand kennt Ihr Passwort',
    happened: 'Jemand hat Ihr richtiges Passwort und dann zu viele falsche Codes eingegeben für Ihr Konto bei',
    otherwise:
      'Wenn Sie das waren, warten Sie, und versuchen Sie es noch einmal. Wenn nicht, ist niemand hineingekommen, aber jemand kennt Ihr Passwort: Wählen Sie jetzt ein neues.',
    choose: 'Neues Passwort wählen',
  },
  resetMail: {
    subject: 'Ihr zweiter Faktor wurde entfernt',
    happened:
      'Wer den Dienst betreibt, hat den zweiten Faktor entfernt und alle Ihre Anmeldungen beendet, für Ihr Konto bei',
    open: (hours) =>
      `Öffnen Sie diesen Link, um einen neuen einzurichten. Er gilt ${plural('de', hours, { one: 'eine Stunde', other: `${hours} Stunden` })} lang, zusammen mit Ihrem Passwort:`,
    setUp: 'Zweiten Faktor einrichten',
    otherwise:
      'Wenn Sie nicht darum gebeten haben, fragen Sie nach dem Grund. Ohne Ihr Passwort öffnet der Link nichts.',
  },
}
