import { html } from '../pages/html.ts'
import { plural } from '../pages/times.ts'
import { accountPageTexts } from './de/account-pages.ts'
import { activity } from './de/activity.ts'
import { apiKeys } from './de/api-keys.ts'
import { accountMails } from './de/accounts.ts'
import { directories } from './de/directories.ts'
import { factors } from './de/factors.ts'
import { kit } from './de/kit.ts'
import { moment } from './de/moment.ts'
import { openid } from './de/openid.ts'
import { ownAccount } from './de/own-account.ts'
import { sessions } from './de/sessions.ts'
import { upstream } from './de/upstream.ts'
import { signIn } from './de/sign-in.ts'
import type { Catalogue } from './en.ts'

/** German, with the formal "Sie". */
export const de: Catalogue = {
  ownAccount,
  directories,
  upstream,
  openid,
  kit,

  signIn,

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
        factor: 'Passkeys und zweiter Faktor',
        aboutFactor: 'Womit Sie sich neben dem Passwort oder statt seiner ausweisen',
        directories: 'Konten aus Verzeichnissen',
        aboutDirectories: 'Die Ihrer Organisation, mit denen Sie sich hier anmelden',
        linked: 'Verknüpfte Konten',
        aboutLinked: 'Konten anderswo, mit denen Sie sich hier anmelden',
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
