import { html } from '../pages/html.ts'
import { plural } from '../pages/times.ts'
import { accountPageTexts } from './de/account-pages.ts'
import { activity } from './de/activity.ts'
import { apiKeys } from './de/api-keys.ts'
import { accountMails } from './de/accounts.ts'
import { factors } from './de/factors.ts'
import { kit } from './de/kit.ts'
import { moment } from './de/moment.ts'
import { openid } from './de/openid.ts'
import { ownAccount } from './de/own-account.ts'
import { sessions } from './de/sessions.ts'
import type { Catalogue } from './en.ts'

/** German, with the formal "Sie". */
export const de: Catalogue = {
  ownAccount,
  openid,
  kit,

  signIn: {
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
    toContinue: (service) => html`um zu ${service} zu gelangen`,
    recover: 'Passwort vergessen?',
    register: (link) => html`Noch kein Konto? ${link('Konto anlegen')}`,

    applications: {
      title: 'Ihre Anwendungen',
      none: 'Hier gibt es keine Anwendung, die Sie öffnen dürfen. Fragen Sie, wer diesen Dienst betreibt.',
    },

    hasNotArrived:
      'Ihre Anmeldung war abgelaufen. Was Sie gerade gesendet haben, ist deshalb nicht angekommen. ' +
      'Melden Sie sich an, und senden Sie es dann noch einmal.',
    remember: 'Auf diesem Gerät angemeldet bleiben',
    tooManyFailures: 'Das waren zu viele Fehlversuche. Warten Sie einige Minuten, und versuchen Sie es noch einmal.',
    wrongPassword: 'Das Passwort ist falsch.',

    stronger: {
      title: 'Eine stärkere Anmeldung ist nötig',
      why:
        'Die Seite, die Sie öffnen möchten, verlangt neben dem Passwort einen zweiten Nachweis, wer Sie sind, ' +
        'und Ihr Konto hat noch keinen. Richten Sie einen ein, und öffnen Sie die Seite dann noch einmal.',
      setUp: 'Zweiten Faktor einrichten',
    },

    secondFactor: {
      title: 'Code eingeben',
      why: (email) =>
        html`Das Passwort war richtig. Weisen Sie jetzt mit Ihrem zweiten Faktor nach, dass Sie ${email} sind.`,
      code: 'Code Ihrer Authenticator-App',
      codeHint: 'Sechs Ziffern, die sich jede halbe Minute ändern.',
      recoveryCode: 'Wiederherstellungscode',
      recoveryHint: 'Einer von denen, die Sie beim Einrichten der App aufbewahrt haben. Jeder gilt einmal.',
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
      whatNext:
        'Wenn Sie das waren, ist nichts zu tun. Wenn nicht, kennt jemand Ihr Passwort: Melden Sie sich an wie gewohnt, ' +
        'wählen Sie ein neues Passwort, und beenden Sie die Sitzungen, die nicht Ihre sind.',
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
  },

  accounts: {
    ...accountPageTexts,
    register: {
      title: 'Konto anlegen',
      why: 'Danach schicken wir Ihnen einen Link, mit dem Sie Ihre Adresse bestätigen und ein Passwort wählen.',
      submit: 'Konto anlegen',
      haveOne: (link) => html`Sie haben schon ein Konto? ${link('Melden Sie sich an')}`,
      otherDomain: 'Mit Adressen dieser Domain kann sich hier niemand registrieren.',
    },
    registrationClosed: {
      title: 'Konten gibt es auf Einladung',
      why: 'Hier kann niemand selbst ein Konto anlegen. Wenden Sie sich an die Stelle, die diesen Dienst betreibt.',
    },
    checkYourMail: {
      title: 'Sehen Sie in Ihre E-Mails',
      sent: 'Wir haben Ihnen eine E-Mail geschickt. Öffnen Sie den Link darin, um weiterzumachen. Dieses Fenster können Sie schließen.',
      notCome:
        'Sie kommt meist innerhalb einer Minute. Wenn nicht, sehen Sie im Spam-Ordner nach, ' +
        'und prüfen Sie, ob die Adresse richtig geschrieben war.',
    },
    account: {
      title: 'Ihr Konto',
      change: 'Ändern',
      show: 'Ansehen',
      done: {
        profile: 'Ihr Profil ist gespeichert.',
        password: 'Ihr Passwort ist geändert. Überall sonst sind Sie abgemeldet.',
        email: 'Sehen Sie in die E-Mails der neuen Adresse. Sie gilt, sobald Sie den Link dort geöffnet haben.',
      },
      profile: {
        title: 'Profil',
        username: 'Benutzername',
        noUsername: 'Keiner',
        aboutUsername: 'Damit können Sie sich statt mit Ihrer Adresse anmelden.',
        badUsername: 'Ein Benutzername hat bis zu 64 Buchstaben von a bis z, Ziffern, dazwischen . _ -',
        usernameTaken: 'Dieser Benutzername ist vergeben.',
        mailLanguage: 'Sprache von E-Mails',
        anyLanguage: 'Wie der Browser',
      },
      security: {
        title: 'Sicherheit',
        aboutPassword: 'Womit Sie sich anmelden',
        factor: 'Zweiter Faktor',
        aboutFactor: 'Womit Sie sich neben dem Passwort ausweisen',
        sessions: 'Sitzungen',
        aboutSessions: 'Wo Sie angemeldet sind',
        keys: 'API-Schlüssel',
        aboutKeys: 'Für Programme, die in Ihrem Namen arbeiten',
        grants: 'Programme mit Zugang',
        aboutGrants: 'Die Sie beim Anmelden eingelassen haben',
        activity: 'Aktivität',
        aboutActivity: 'Was mit Ihrem Konto geschehen ist',
      },
      data: {
        title: 'Ihre Daten',
        copy: 'Kopie Ihrer Daten',
        aboutCopy: 'Alles, was über Sie gespeichert ist, als Datei',
        download: 'Herunterladen',
        end: 'Ende des Kontos',
        aboutEnd: 'Mit allem, was dazugehört',
        delete: 'Löschen',
      },
    },
    ...accountMails,
    verifyEmail: {
      title: 'E-Mail-Adresse bestätigen',
      why:
        'Wählen Sie das Passwort, mit dem Sie Ihr Konto öffnen. ' +
        'Wenn Sie schon eines angegeben haben, kann es dieses sein oder ein anderes.',
      passwordMissing: 'Geben Sie ein Passwort ein.',
    },
    emailVerified: {
      title: 'E-Mail-Adresse bestätigt',
      ready: 'Ihr Konto ist bereit.',
    },
    emailNotVerified: {
      title: 'Dieser Link funktioniert nicht',
      why:
        'Er wurde schon benutzt, oder er ist älter als ein Tag. ' +
        'Wenn Sie Ihre Adresse früher schon bestätigt haben, melden Sie sich an.',
    },

    verificationMail: {
      subject: 'Bestätigen Sie Ihre E-Mail-Adresse',
      asked: 'Jemand, hoffentlich Sie selbst, möchte mit dieser Adresse ein Konto eröffnen bei',
      open: (hours) =>
        'Öffnen Sie diesen Link, um die Adresse zu bestätigen und anzugeben, welches Passwort gelten soll. ' +
        `Er gilt einmal, ${plural('de', hours, { one: 'eine Stunde', other: `${hours} Stunden` })} lang:`,
      confirm: 'Adresse bestätigen',
      otherwise: 'Wenn Sie das nicht waren, beachten Sie diese E-Mail nicht: Ohne den Link gibt es kein Konto.',
    },
    takenMail: {
      subject: 'Sie haben schon ein Konto',
      asked: 'Jemand, hoffentlich Sie selbst, wollte mit dieser Adresse ein Konto eröffnen bei',
      signIn: 'Es gibt schon eines. Hier melden Sie sich an:',
      otherwise: 'Wenn Sie das nicht waren, müssen Sie nichts tun.',
    },
    confirmedMail: {
      subject: 'Ihre E-Mail-Adresse ist bestätigt',
      asked: 'Jemand, hoffentlich Sie selbst, wollte einen weiteren Link, um diese Adresse zu bestätigen, bei',
      signIn: 'Sie ist schon bestätigt, und Ihr Konto ist bereit. Hier melden Sie sich an:',
      otherwise: 'Wenn Sie das nicht waren, müssen Sie nichts tun.',
    },
  },

  sessions,
  factors,
  apiKeys,

  activity,

  tokens: {
    reuseMail: {
      subject: 'Eine Ihrer Sitzungen wurde beendet',
      usedTwice: 'Dieselbe Anmeldung von Ihnen wurde von zwei Seiten benutzt bei',
      whichOne: (began, ip) =>
        `Sie begann am ${moment.format(began)} (UTC) von der Adresse ${ip}. ` +
        'Vielleicht hat jemand sie kopiert. Sie wurde für beide beendet.',
      whatNext:
        'Melden Sie sich wieder an wie gewohnt. Wenn das noch einmal vorkommt oder Sie diese Anmeldung nicht kennen, ' +
        'wählen Sie ein neues Passwort.',
    },
  },

  otherDomains: {
    title: 'Diese Anmeldung lässt sich nicht abschließen',
    text: 'Der Weg zurück zur Anwendung gilt einmal, eine halbe Minute lang und in dem Browser, der ihn begonnen hat. Geschieht das wieder, behält der Browser keine Cookies für die Anwendung.',
    again: (host) => html`Bei ${host} noch einmal versuchen`,
  },

  forwardAuth: {
    forbidden: {
      title: 'Nicht erlaubt',
      notAllowed: 'Sie sind angemeldet, aber Ihr Konto darf diese Seite nicht öffnen.',
      asSomeoneElse: (link) =>
        html`Um sich als jemand anderes anzumelden, melden Sie sich zuerst in ${link('Ihrem Konto')} ab.`,
    },
  },
}
