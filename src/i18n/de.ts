import { emailLength } from '../core/email.ts'
import { html } from '../pages/html.ts'
import { activity } from './de/activity.ts'
import { apiKeys } from './de/api-keys.ts'
import { accountMails } from './de/accounts.ts'
import { moment } from './de/moment.ts'
import { ownAccount } from './de/own-account.ts'
import { sessions } from './de/sessions.ts'
import type { Catalogue } from './en.ts'

/** German, with the formal "Sie". */
export const de: Catalogue = {
  ownAccount,
  kit: {
    language: 'Sprache',
    links: { help: 'Hilfe', privacy: 'Datenschutz', imprint: 'Impressum' },
    ways: { label: 'Hauptmenü', applications: 'Anwendungen', account: 'Konto', signOut: 'Abmelden' },
    name: 'Name',
    nameFault: 'Der Name muss 1 bis 200 Zeichen haben, die alle sichtbar sind.',
    email: 'E-Mail-Adresse',
    password: 'Passwort',
    signIn: 'Anmelden',
    confirm: 'Bestätigen',
    proceed: 'Weiter',
    save: 'Speichern',
    cancel: 'Abbrechen',
    back: 'Zurück zum Konto',
    toSignIn: 'Zur Anmeldung',
    markedBelow: 'Bitte sehen Sie sich noch einmal an, was unten markiert ist.',

    errors: {
      invalid_request: 'Die Anfrage ist ungültig.',
      invalid_json: 'Der Inhalt der Anfrage ist kein gültiges JSON.',
      invalid_encoding: 'Der Inhalt der Anfrage ist kein gültiges UTF-8.',
      invalid_token: 'Das Token ist unbekannt, abgelaufen oder schon benutzt.',
      password_required: 'Geben Sie an, welches Passwort gelten soll.',
      password_rejected: 'Das Passwort erfüllt die Vorgaben nicht.',
      ambiguous_target: 'Das Ziel der Anfrage lässt sich auf mehr als eine Weise lesen.',
      incomplete_question: 'Das ist keine Frage eines Proxys.',
      unauthorized: 'Dafür müssen Sie sich anmelden.',
      invalid_access_token: 'Das Zugriffstoken ist ungültig.',
      access_token_expired: 'Das Zugriffstoken ist abgelaufen.',
      insufficient_user_authentication: 'Dafür ist ein neuerer oder stärkerer Nachweis nötig, wer Sie sind.',
      invalid_credentials: 'Die E-Mail-Adresse oder das Passwort ist falsch.',
      invalid_refresh_token: 'Das Refresh-Token ist ungültig.',
      forbidden: 'Das ist nicht erlaubt.',
      untrusted_peer: 'Das darf nur ein vertrauenswürdiger Proxy fragen.',
      cross_site_request: 'Die Anfrage kam von einer anderen Website.',
      account_deletion_pending: 'Dieses Konto wird gelöscht. Sie können es noch behalten.',
      registration_closed: 'Hier kann sich niemand registrieren.',
      not_found: 'Hier gibt es nichts.',
      method_not_allowed: 'Diese Methode wird hier nicht unterstützt.',
      last_administrator: 'Sonst könnte niemand den Dienst verwalten. Benennen Sie zuerst jemand anderen.',
      conflict: 'Das gibt es schon.',
      body_too_large: 'Der Inhalt der Anfrage ist zu groß.',
      target_too_long: 'Die Adresse der Anfrage ist zu lang.',
      unsupported_media_type: 'Diese Art von Inhalt wird hier nicht unterstützt.',
      outdated_form: 'Das Formular ist zu alt. Öffnen Sie seine Seite noch einmal.',
      too_many_requests: 'Das waren zu viele Anfragen.',
      internal_error: 'Bei uns ist etwas schiefgegangen.',
      unavailable: 'Der Dienst kann gerade nicht antworten.',
    },
    emailFaults: {
      no_address: 'Die E-Mail-Adresse muss so aussehen wie ada@example.com.',
      too_long: `Die E-Mail-Adresse darf höchstens ${emailLength.max} Zeichen haben, mit ihrer Domain in ASCII (xn--…).`,
      invisible: 'Die E-Mail-Adresse darf keine unsichtbaren Zeichen enthalten.',
      local_part: 'In der E-Mail-Adresse dürfen vor dem @ nur ASCII-Buchstaben, Ziffern und Sonderzeichen stehen.',
      domain: 'In der E-Mail-Adresse muss nach dem @ eine Domain stehen, die es geben kann, zum Beispiel example.com.',
    },
    newPassword: {
      hint: (least) => `Mindestens ${least} Zeichen: Mehrere Wörter kann man sich leicht merken.`,
      fits: 'Dieses Passwort können Sie nehmen.',
      show: 'Passwort anzeigen',
      hide: 'Passwort verbergen',
    },
    passwordFaults: {
      not_unicode: 'Das Passwort muss gültiges Unicode sein.',
      control_characters: 'Das Passwort darf keine Zeilenumbrüche und keine anderen Steuerzeichen enthalten.',
      too_short: (least) => `Das Passwort muss mindestens ${least} Zeichen haben.`,
      too_long: (most) => `Das Passwort darf höchstens ${most} Zeichen haben.`,
      holds_email: 'Das Passwort darf die E-Mail-Adresse nicht enthalten.',
      common: 'Das Passwort ist eines der häufigsten.',
      guessable: 'Das Passwort ist zu leicht zu erraten.',
      breached: 'Das Passwort ist aus einem Datenleck bekannt.',
    },

    outdatedForm: 'Diese Seite war eine Weile offen. Bitte senden Sie das Formular noch einmal ab.',
    unprovenForm:
      'Ihr Browser hat nicht mitgeteilt, von welcher Seite das Formular kam. Bitte senden Sie es noch einmal ab. ' +
      'Wenn Sie diesen Hinweis dann wieder sehen, erlauben Sie Cookies für diese Website.',

    problemTitle: 'Das hat nicht geklappt',
    tryAgain: 'Noch einmal versuchen',
    request: (id) => `Anfrage ${id}`,
  },

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
    tryAgainSoon: 'Versuchen Sie es gleich noch einmal.',

    stronger: {
      title: 'Eine stärkere Anmeldung ist nötig',
      why:
        'Die Seite, die Sie öffnen möchten, verlangt neben dem Passwort einen zweiten Nachweis, wer Sie sind. ' +
        'Dieser Dienst kann noch keinen annehmen.',
    },

    stepUp: {
      title: 'Bestätigen Sie, dass Sie es sind',
      why: (email) =>
        html`Für den nächsten Schritt wird Ihr Passwort noch einmal gebraucht. Sie sind als ${email} angemeldet.`,
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
        `Etwa ${minutes} Minuten lang nimmt es deshalb keines von einem Browser an, den es nicht kennt, auch nicht das ` +
        'richtige. In einem Browser, in dem Sie sich schon einmal angemeldet haben, geht es weiter wie gewohnt.',
      whatNext:
        'Wenn Sie das waren, warten Sie, und versuchen Sie es noch einmal. Wenn nicht, ist niemand hineingekommen, und es ' +
        'ist nichts zu tun: Wählen Sie aber ein anderes Passwort, wenn Ihres kurz ist oder Sie es auch anderswo benutzen. ' +
        'Wer den Dienst betreibt, kann die Wartezeit beenden.',
    },

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
      },
      profile: {
        title: 'Profil',
        username: 'Benutzername',
        mailLanguage: 'Sprache von E-Mails',
        anyLanguage: 'Wie der Browser',
      },
      security: {
        title: 'Sicherheit',
        sessions: 'Sitzungen',
        aboutSessions: 'Wo Sie angemeldet sind',
        keys: 'API-Schlüssel',
        aboutKeys: 'Für Programme, die in Ihrem Namen arbeiten',
        activity: 'Aktivität',
        aboutActivity: 'Was mit Ihrem Konto geschehen ist',
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
        `Er funktioniert einmal und ${hours} Stunden lang:`,
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

  forwardAuth: {
    forbidden: {
      title: 'Nicht erlaubt',
      notAllowed: 'Sie sind angemeldet, aber Ihr Konto darf diese Seite nicht öffnen.',
      asSomeoneElse: (link) =>
        html`Um sich als jemand anderes anzumelden, melden Sie sich zuerst in ${link('Ihrem Konto')} ab.`,
    },
  },
}
