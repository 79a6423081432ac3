import { html } from '../../pages/html.ts'
import { plural } from '../../pages/times.ts'
import type { Catalogue } from '../en.ts'

export const upstream: Catalogue['upstream'] = {
  problems: {
    title: 'Diese Anmeldung ging nicht',
    toSignIn: 'Zur Anmeldung',
    unknown_trip: () =>
      'Das hat zu lange gedauert, wurde in einem anderen Browser begonnen oder war schon beantwortet. Niemand wurde angemeldet. Bitte beginnen Sie noch einmal.',
    unreachable: (provider) =>
      `${provider} antwortet gerade nicht. Versuchen Sie es gleich noch einmal, oder melden Sie sich anders an.`,
    denied: (provider) =>
      `Sie wurden bei ${provider} nicht angemeldet oder haben nicht erlaubt, dass wir davon erfahren.`,
    unknown_key: (provider) =>
      `${provider} hat gerade den Schlüssel gewechselt, mit dem es Sie ausweist. Bitte beginnen Sie noch einmal.`,
    code_refused: (provider) => `${provider} kennt diese Anmeldung nicht mehr. Bitte beginnen Sie noch einmal.`,
    misconfigured: (provider) =>
      `${provider} hält diesen Dienst nicht für einen, den es kennt. Wer diesen Dienst betreibt, muss sich darum kümmern. Melden Sie sich bis dahin anders an.`,
    not_trusted: (provider) =>
      `Die Antwort von ${provider} passt nicht zu dem, was gefragt war, und zählt darum nicht. Bitte beginnen Sie noch einmal. Wenn Sie das wieder lesen, sagen Sie es denen, die diesen Dienst betreiben.`,
    not_allowed: (provider) =>
      `Ihr Konto bei ${provider} darf sich hier nicht anmelden. Wenn es das sollte, fragen Sie, wer diesen Dienst betreibt.`,
    level: (provider) =>
      `${provider} hat Sie nicht nach einem so starken Nachweis gefragt, wie er hier nötig ist. Richten Sie dort einen zweiten Faktor ein, und versuchen Sie es noch einmal.`,
    age: (provider) =>
      `${provider} sagt nicht, dass Sie sich dort gerade ausgewiesen haben. Melden Sie sich ab und wieder an, und machen Sie dann weiter.`,
    no_account: (provider) =>
      `Hier hat niemand ein Konto, zu dem Ihres bei ${provider} gehört. Wenn Sie eines haben, melden Sie sich anders daran an, und verknüpfen Sie die beiden auf der Seite Ihres Kontos.`,
    user_disabled: () => 'Dieses Konto ist gesperrt. Fragen Sie, wer diesen Dienst betreibt.',
    account_changed: () => 'Ihr Konto hat sich inzwischen geändert. Bitte melden Sie sich noch einmal an.',
    other_session: () => 'Sie sind anders angemeldet als zu Beginn. Bitte beginnen Sie noch einmal.',
    other_person: (provider) => `Das ist nicht das Konto bei ${provider}, das hier zu Ihnen gehört.`,
    taken: (provider) => `Dieses Konto bei ${provider} gehört hier schon zu einem anderen Konto.`,
    not_verified: () =>
      'Bestätigen Sie zuerst die E-Mail-Adresse Ihres Kontos. Bis dahin kann nichts damit verknüpft werden.',
    other_browser: () =>
      'Dieser Link ist zu alt, wurde schon benutzt oder in einem anderen Browser geöffnet. Öffnen Sie ihn in dem Browser, in dem Sie sich beim Anbieter angemeldet haben.',
    account_made: (provider) => `Ihr Konto ist angelegt. Melden Sie sich jetzt mit ${provider} an.`,
  },
  arrival: {
    title: 'Willkommen',
    who: (account, provider) =>
      html`Sie haben sich bei ${provider} als ${account} angemeldet. Hier gibt es noch kein Konto, das dazu gehört.`,
    createTitle: 'Ich bin neu hier',
    create: (email) => html`Für ${email} wird ein Konto angelegt.`,
    createSubmit: 'Konto anlegen',
    confirmWhy: (provider) =>
      `${provider} sagt nicht, dass diese Adresse Ihnen gehört. Wir senden einen Link dorthin, der das zeigt.`,
    confirmSubmit: 'Link senden',
    mailed: (email) =>
      html`Wir haben eine E-Mail an ${email} gesendet. Öffnen Sie den Link darin innerhalb einer Stunde in diesem
      Browser. Wenn sie nicht kommt, sehen Sie im Ordner für Spam nach.`,
    linkTitle: 'Ich habe hier ein Konto',
    linkWhy:
      'Melden Sie sich so daran an, wie Sie es kennen. Danach kommen Sie hierher zurück und verknüpfen die beiden.',
    signIn: 'Anmelden und verknüpfen',
    linkAs: (name, email, provider) =>
      html`Sie sind als ${name} (${email}) angemeldet. Von jetzt an meldet ${provider} Sie auch an diesem Konto an.`,
    linkSubmit: 'Die beiden verknüpfen',
    addressTaken:
      'Mit dieser Adresse hat schon jemand ein Konto. Wenn es Ihres ist, melden Sie sich daran an, und verknüpfen Sie die beiden.',
    addressNotAllowed: 'Adressen dieser Domain bekommen hier kein Konto.',
    tooMany: 'An diese Adresse gingen zu viele E-Mails. Versuchen Sie es in einer Stunde noch einmal.',
  },
  confirm: {
    title: 'Adresse bestätigen',
    why: (email, provider) => html`Für ${email} wird ein Konto angelegt, an dem ${provider} Sie anmeldet.`,
    submit: 'Konto anlegen',
  },
  linked: {
    title: 'Verknüpfte Konten',
    why: 'Mit jedem davon können Sie sich an Ihrem Konto hier anmelden.',
    none: 'Keines ist verknüpft.',
    linkedAt: (at) => html`Verknüpft am ${at}`,
    usedAt: (at) => html`Zuletzt benutzt am ${at}`,
    groups: (names) => `Gruppen: ${names}`,
    unlink: 'Lösen',
    link: (provider) => `${provider} verknüpfen`,
    linkTitle: 'Ein weiteres verknüpfen',
    linkWhy: 'Sie werden dorthin geleitet, weisen sich aus und kommen zurück.',
    lastWay:
      'Das ist der einzige Weg, auf dem Sie sich anmelden können. Wählen Sie zuerst ein Passwort, oder verknüpfen Sie ein weiteres Konto.',
    gone: 'Dieses Konto ist nicht mehr verknüpft.',
    done: {
      linked: 'Das Konto ist verknüpft.',
      unlinked: 'Das Konto ist gelöst. Sitzungen, die damit begonnen haben, sind beendet.',
    },
  },
  linkedMail: {
    subject: 'Ein weiteres Konto kann Sie anmelden',
    happened: (provider, account) => `${provider} (${account}) wurde mit Ihrem Konto verknüpft bei`,
    otherwise:
      'Wenn Sie das nicht waren, ist jemand in Ihr Konto gelangt: Lösen Sie die Verknüpfung, wählen Sie ein neues Passwort, und beenden Sie die Sitzungen, die nicht Ihre sind.',
    look: 'Ihre verknüpften Konten',
  },
  unlinkedMail: {
    subject: 'Ein Konto meldet Sie nicht mehr an',
    happened: (provider, account) => `${provider} (${account}) ist nicht mehr verknüpft mit Ihrem Konto bei`,
    otherwise:
      'Wenn Sie das nicht waren, fragen Sie, wer den Dienst betreibt: Auch die Verwaltung kann Verknüpfungen lösen.',
    look: 'Ihre verknüpften Konten',
  },
  confirmMail: {
    subject: 'Bestätigen Sie Ihre Adresse',
    asked: (provider) =>
      `Jemand, hoffentlich Sie, hat sich mit ${provider} angemeldet und möchte ein Konto mit dieser Adresse anlegen bei`,
    open: (minutes) =>
      plural('de', minutes, {
        one: 'Öffnen Sie diesen Link innerhalb einer Minute in dem Browser, in dem Sie begonnen haben:',
        other: `Öffnen Sie diesen Link innerhalb von ${minutes} Minuten in dem Browser, in dem Sie begonnen haben:`,
      }),
    confirm: 'Adresse bestätigen',
    otherwise: 'Wenn Sie das nicht waren, tun Sie nichts. Dann wird kein Konto angelegt.',
  },
  takenMail: {
    subject: 'Sie haben schon ein Konto',
    asked: (provider) =>
      `Jemand, hoffentlich Sie, hat sich mit ${provider} angemeldet und möchte ein Konto mit dieser Adresse anlegen bei`,
    instead:
      'Sie haben damit ein Konto. Melden Sie sich so daran an, wie Sie es kennen, und verknüpfen Sie die beiden dort:',
    look: 'Ihre verknüpften Konten',
    otherwise: 'Wenn Sie das nicht waren, tun Sie nichts. Es hat sich nichts geändert.',
  },
}
