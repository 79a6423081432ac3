import { html } from '../../pages/html.ts'
import { plural } from '../../pages/times.ts'
import type { Catalogue } from '../en.ts'
import { moment } from './moment.ts'

export const signIn: Catalogue['signIn'] = {
  login: 'E-Mail oder Benutzername',
  keep: {
    title: 'Konto behalten?',
    why: (at) => `Dieses Konto wird am ${moment.format(at)} (UTC) endgültig gelöscht, wie es verlangt wurde.`,
    keep: 'Konto behalten',
  },
  noLogin: 'Geben Sie eine E-Mail-Adresse oder einen Benutzernamen ein.',
  title: 'Anmelden',
  signedInTitle: 'Angemeldet',
  signedInAs: (name, email) => html`Sie sind als ${name} (${email}) angemeldet.`,
  signOut: 'Abmelden',
  recover: 'Passwort vergessen?',
  register: (link) => html`Noch kein Konto? ${link('Konto anlegen')}`,

  ended: 'Ihre Organisation lässt die Anmeldung mit diesem Konto nicht zu. Fragen Sie, wer es dort betreut.',
  notAdmitted:
    'Ihr Passwort war richtig, aber hier konnte kein Konto für Sie angelegt werden. Wenn Sie schon eines haben, melden Sie sich mit dessen ' +
    'eigenem Passwort an und verbinden Sie beide. Fragen Sie sonst, wer diesen Dienst betreibt.',
  directoryAway:
    'Die Anmeldung mit diesem Konto ist gerade nicht möglich. Versuchen Sie es in einigen Minuten noch einmal.',
  mustChange: {
    title: 'Ihr Passwort muss geändert werden',
    why: (directory) =>
      html`Ihr Passwort von ${directory} war richtig, aber es ist abgelaufen oder wurde Ihnen zum Ändern gegeben. Ändern
      Sie es dort und melden Sie sich dann mit dem neuen an.`,
    open: 'Dort ändern',
    unknown: 'Fragen Sie, wer Ihr Konto dort betreut, wie es geändert wird.',
  },

  applications: {
    title: 'Ihre Anwendungen',
    none: 'Hier gibt es keine Anwendung, die Sie öffnen dürfen. Fragen Sie, wer diesen Dienst betreibt.',
  },

  passkey: {
    use: 'Passkey benutzen',
    failed: 'Es wurde kein Passkey benutzt. Versuchen Sie es noch einmal, oder gehen Sie ohne weiter.',
    refused:
      'Dieser Passkey wurde nicht angenommen. Wenn Sie ihn hier entfernt haben, entfernen Sie ihn auch von Ihrem Gerät.',
    missing: 'Dieser Browser hat keine Passkeys, oder Skripte sind darin ausgeschaltet.',
  },

  hasNotArrived:
    'Ihre Anmeldung war abgelaufen. Was Sie gerade gesendet haben, ist deshalb nicht angekommen. ' +
    'Melden Sie sich an, und senden Sie es dann noch einmal.',
  noPassword: 'Geben Sie Ihr Passwort ein. Nur bei einer Adresse Ihrer Organisation können Sie es leer lassen.',
  byAddress: 'Lassen Sie es leer, wenn Ihre Organisation Sie anmeldet.',
  byProvider: (provider) => `Mit ${provider} anmelden`,
  remember: 'Auf diesem Gerät angemeldet bleiben',
  tooManyFailures: 'Das waren zu viele Fehlversuche. Warten Sie einige Minuten, und versuchen Sie es noch einmal.',
  wrongPassword: 'Das Passwort ist falsch.',

  stronger: {
    title: 'Eine stärkere Anmeldung ist nötig',
    why:
      'Die Seite, die Sie öffnen möchten, verlangt neben dem Passwort einen zweiten Nachweis, wer Sie sind, ' +
      'und Ihr Konto hat noch keinen. Sobald Sie einen eingerichtet haben, geht es dort weiter.',
    setUp: 'Zweiten Faktor einrichten',
  },

  secondFactor: {
    title: 'Code eingeben',
    passkeyTitle: 'Benutzen Sie Ihren Passkey',
    why: (email) =>
      html`Das Passwort war richtig. Weisen Sie jetzt mit Ihrem zweiten Faktor nach, dass Sie ${email} sind.`,
    code: 'Code Ihrer Authenticator-App',
    codeHint: 'Sechs Ziffern, die sich jede halbe Minute ändern.',
    recoveryCode: 'Wiederherstellungscode',
    recoveryHint: 'Einer von denen, die Sie beim Einrichten des zweiten Faktors aufbewahrt haben. Jeder gilt einmal.',
    useRecovery: 'Stattdessen einen Wiederherstellungscode benutzen',
    useApp: 'Stattdessen die Authenticator-App benutzen',
    rememberDevice: (days) =>
      plural('de', days, {
        one: 'In diesem Browser einen Tag lang nicht nach einem Code fragen',
        other: `In diesem Browser ${days} Tage lang nicht nach einem Code fragen`,
      }),
    wrongCode: (at) =>
      `Dieser Code ist falsch oder wurde schon benutzt. Warten Sie auf den nächsten. Wenn auch der falsch ist, prüfen Sie, ob die Uhr Ihres Geräts stimmt: Hier ist es ${at} (UTC).`,
    wrongRecoveryCode: 'Dieser Wiederherstellungscode ist falsch oder wurde schon benutzt.',
  },

  stepUp: {
    title: 'Bestätigen Sie, dass Sie es sind',
    why: (email) =>
      html`Für den nächsten Schritt wird Ihr Passwort noch einmal gebraucht. Sie sind als ${email} angemeldet.`,
    whyCode: (email) =>
      html`Für den nächsten Schritt wird ein Code Ihrer Authenticator-App gebraucht. Sie sind als ${email} angemeldet.`,
    whyPasskey: (email) => html`Für den nächsten Schritt wird Ihr Passkey gebraucht. Sie sind als ${email} angemeldet.`,
    whyElsewhere: (email) =>
      html`Für das, was jetzt kommt, müssen Sie sich noch einmal ausweisen. Sie sind als ${email} angemeldet.`,
    byProvider: (provider) => `Mit ${provider} bestätigen`,
    signOutInstead: 'Stattdessen abmelden',
  },

  leave: {
    title: 'Abmelden?',
    signedIn: 'Sie sind angemeldet.',
    consequence:
      'Wenn Sie sich abmelden, gilt das in diesem Browser für alle Anwendungen, die Sie mit dieser Anmeldung erreichen.',
    staySignedIn: 'Angemeldet bleiben',
  },
  left: {
    title: 'Abgemeldet',
    notSignedIn: 'Sie sind nicht angemeldet.',
  },

  newDeviceMail: {
    subject: 'Eine neue Anmeldung an Ihrem Konto',
    happened: 'Jemand hat sich von einem Gerät, das Ihr Konto noch nicht kannte, angemeldet bei',
    device: (browser, system) =>
      [browser, system].filter(Boolean).join(' unter ') || 'einem Programm, das nicht sagt, was es ist',
    whichOne: (at, device, ip) => `Das war am ${moment.format(at)} (UTC) mit ${device}, von der Adresse ${ip}.`,
    whatNext: {
      password:
        'Wenn Sie das waren, ist nichts zu tun. Wenn nicht, kennt jemand Ihr Passwort: Melden Sie sich an wie gewohnt, ' +
        'wählen Sie ein neues Passwort, und beenden Sie die Sitzungen, die nicht Ihre sind.',
      passkey:
        'Wenn Sie das waren, ist nichts zu tun. Wenn nicht, kann jemand einen Passkey von Ihnen benutzen: Melden Sie sich an wie gewohnt, ' +
        'entfernen Sie die Passkeys, die Sie nicht kennen oder nicht mehr haben, und beenden Sie die Sitzungen, die nicht Ihre sind.',
      elsewhere:
        'Wenn Sie das waren, ist nichts zu tun. Wenn nicht, kann jemand das andere Konto benutzen, mit dem Sie sich anmelden: ' +
        'Wählen Sie dort ein neues Passwort, melden Sie sich an wie gewohnt, und beenden Sie die Sitzungen, die nicht Ihre sind.',
    },
  },
  lockedMail: {
    subject: 'Zu viele falsche Passwörter für Ihr Konto',
    happened: 'Jemand hat zu oft ein falsches Passwort eingegeben für Ihr Konto bei',
    whatItMeans: (minutes) =>
      `Etwa ${plural('de', minutes, { one: 'eine Minute', other: `${minutes} Minuten` })} lang nimmt es deshalb keines von einem Browser an, den es nicht kennt, auch nicht das ` +
      'richtige. In einem Browser, in dem Sie sich schon einmal angemeldet haben, geht es weiter wie gewohnt.',
    whatNext:
      'Wenn Sie das waren, warten Sie, und versuchen Sie es noch einmal. Wenn nicht, ist niemand hineingekommen, und es ' +
      'ist nichts zu tun: Wählen Sie aber ein anderes Passwort, wenn Ihres kurz ist oder Sie es auch anderswo benutzen. ' +
      'Wer den Dienst betreibt, kann die Wartezeit beenden.',
  },

  cookiesOff: (site) =>
    'Ihr Passwort war richtig, aber Ihr Browser hat kein Cookie behalten, und ohne bleibt niemand angemeldet. Erlauben Sie ' +
    `in den Einstellungen Ihres Browsers Cookies für ${site}, und melden Sie sich noch einmal an.`,
  severalCookies: (names, site) =>
    `Ihr Browser hat mehrere verschiedene Cookies mit dem Namen ${names.join(' und mit dem Namen ')}. Eine andere ` +
    'Installation, eine frühere Einstellung oder eine benachbarte Website hat sie hinterlassen, und Ihr Browser sagt ' +
    'nicht, welches davon Ihres ist. Melden Sie sich wie gewohnt an: Dieser Dienst richtet sich dann nach dem neuen ' +
    'Cookie. Wenn Sie gleich danach wieder auf diese Seite kommen, löschen Sie in den Einstellungen Ihres Browsers ' +
    `die Cookies von ${site}, und melden Sie sich noch einmal an.`,
  wrongScheme: ({ host, own, other }) =>
    `Sie werden nicht zu ${host} zurückgeleitet: Die Adresse wurde mit ${other} angegeben, und diese Anmeldung läuft ` +
    `über ${own}. Öffnen Sie die gewünschte Seite noch einmal, wenn Sie angemeldet sind. Wenn Sie diesen Dienst ` +
    `betreiben: Lassen Sie den Proxy von ${host} das Schema angeben, das die Browser benutzen ` +
    `(X-Forwarded-Proto: ${own}). Der Befehl „gatehouse doctor“ zeigt, was er angibt.`,
  outOfReach: (host, reach) =>
    `Ihre Anmeldung erreicht ${host} nicht, und vielleicht werden Sie von dort wieder hierher geleitet: Browser ` +
    `zeigen sie nur ${reach}. Wenn Sie diesen Dienst betreiben: Setzen Sie GATEHOUSE_COOKIE_DOMAIN auf eine Domain, ` +
    `zu der ${host} und diese Seite gehören.`,
  reachOfDomain: (domain) => `${domain} und den Hosts darunter`,
}
