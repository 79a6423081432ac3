import { emailLength } from '../core/email.ts'
import { passwordLength } from '../core/password-policy.ts'
import { html } from '../pages/html.ts'
import type { Catalogue } from './en.ts'

/** Made when it is said: the first of a process takes longer than all else in this file, at each start. */
const momentOf = (instant: Date) =>
  new Intl.DateTimeFormat('de', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(instant)

/** German, with the formal "Sie". */
export const de: Catalogue = {
  kit: {
    language: 'Sprache',
    email: 'E-Mail-Adresse',
    password: 'Passwort',
    signIn: 'Anmelden',
    confirm: 'Bestätigen',
    proceed: 'Weiter',

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
      insufficient_user_authentication: 'Dafür ist ein neuerer oder stärkerer Nachweis nötig, wer Sie sind.',
      invalid_credentials: 'Die E-Mail-Adresse oder das Passwort ist falsch.',
      invalid_refresh_token: 'Das Refresh-Token ist ungültig.',
      forbidden: 'Das ist nicht erlaubt.',
      untrusted_peer: 'Das darf nur ein vertrauenswürdiger Proxy fragen.',
      cross_site_request: 'Die Anfrage kam von einer anderen Website.',
      registration_closed: 'Hier kann sich niemand registrieren.',
      not_found: 'Hier gibt es nichts.',
      method_not_allowed: 'Diese Methode wird hier nicht unterstützt.',
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
    passwordFaults: {
      not_unicode: 'Das Passwort muss gültiges Unicode sein.',
      control_characters: 'Das Passwort darf keine Zeilenumbrüche und keine anderen Steuerzeichen enthalten.',
      too_short: `Das Passwort muss mindestens ${passwordLength.min} Zeichen haben.`,
      too_long: `Das Passwort darf höchstens ${passwordLength.max} Zeichen haben.`,
      holds_email: 'Das Passwort darf die E-Mail-Adresse nicht enthalten.',
      guessable: 'Das Passwort ist zu leicht zu erraten.',
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
    signedInTitle: 'Angemeldet',
    signedInAs: (name, email) => html`Sie sind als ${name} (${email}) angemeldet.`,
    signOut: 'Abmelden',

    hasNotArrived:
      'Ihre Anmeldung war abgelaufen. Was Sie gerade gesendet haben, ist deshalb nicht angekommen. ' +
      'Melden Sie sich an, und senden Sie es dann noch einmal.',
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
    verifyEmail: {
      title: 'E-Mail-Adresse bestätigen',
      why:
        'Geben Sie das Passwort ein, mit dem Sie Ihr Konto öffnen möchten. ' +
        'Es kann das Passwort sein, mit dem Sie sich registriert haben, oder ein anderes.',
      passwordHint: (least) => `Mindestens ${least} Zeichen: Mehrere Wörter kann man sich leicht merken.`,
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
      otherwise: 'Wenn Sie das nicht waren, beachten Sie diese E-Mail nicht: Ohne den Link gibt es kein Konto.',
    },
    takenMail: {
      subject: 'Sie haben schon ein Konto',
      asked: 'Jemand, hoffentlich Sie selbst, wollte mit dieser Adresse ein Konto eröffnen bei',
      signIn: 'Es gibt schon eines. Hier melden Sie sich an:',
      otherwise: 'Wenn Sie das nicht waren, müssen Sie nichts tun.',
    },
  },

  tokens: {
    reuseMail: {
      subject: 'Eine Ihrer Sitzungen wurde beendet',
      usedTwice: 'Dieselbe Anmeldung von Ihnen wurde von zwei Seiten benutzt bei',
      whichOne: (began, ip) =>
        `Sie begann am ${momentOf(began)} (UTC) von der Adresse ${ip}. ` +
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
