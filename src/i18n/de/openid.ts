import { html } from '../../pages/html.ts'
import type { Catalogue } from '../en.ts'
import { moment } from './moment.ts'

export const openid: Catalogue['openid'] = {
  refused: {
    title: 'Diese Anmeldung kann nicht weitergehen',
    client: 'Das Programm, das Sie hierher geschickt hat, ist nicht bekannt. Ihm wurde nichts gesendet.',
    redirect_uri:
      'Das Programm, das Sie hierher geschickt hat, möchte die Antwort an eine Adresse, die nicht seine ist. Dorthin wurde nichts gesendet.',
    request_uri: 'Die Anfrage des Programms, das Sie hierher geschickt hat, ist schon beantwortet oder zu alt.',
    too_long: 'Die Anfrage des Programms, das Sie hierher geschickt hat, ist zu lang.',
    post_logout: 'Das Programm, das Sie hierher geschickt hat, möchte Sie an eine Adresse leiten, die nicht seine ist.',
    whatNext:
      'Gehen Sie zum Programm zurück, und versuchen Sie es noch einmal. Wenn das nicht hilft, sagen Sie es denen, die das Programm betreiben.',
  },
  consent: {
    title: 'Dieses Programm einlassen?',
    who: (program, host) => html`${program} (${host}) möchte Zugang zu Ihrem Konto.`,
    as: (email) => html`Sie sind als ${email} angemeldet.`,
    unverified:
      'Dieses Programm ist vom Betreiber dieses Dienstes nicht geprüft: Seinen Namen hat es selbst gewählt. Lassen Sie es nur ein, wenn Sie es gerade selbst gestartet haben und wissen, woher es kommt.',
    unverifiedSite:
      'Dieses Programm ist vom Betreiber dieses Dienstes nicht geprüft: Niemand als die Adresse oben sagt, was es ist. Lassen Sie es nur ein, wenn Sie es gerade selbst gestartet haben und diese Adresse kennen.',
    may: 'Es möchte:',
    scopes: {
      openid: 'wissen, dass Sie es sind',
      profile: 'Ihren Namen und Benutzernamen sehen',
      email: 'Ihre E-Mail-Adresse sehen',
      groups: 'sehen, in welchen Gruppen Sie sind',
      offline_access: 'seinen Zugang behalten, während Sie es nicht benutzen, bis Sie sich abmelden',
    },
    permission: (name) => html`mit der Berechtigung ${name} für Sie handeln`,
    withdraw: 'Sie können es jederzeit wieder aussperren, in Ihrem Konto.',
    allow: 'Einlassen',
    deny: 'Nicht einlassen',
    somebodyElse: 'Sie sind jetzt als jemand anderes angemeldet. Sehen Sie noch einmal an, wem Sie zustimmen.',
  },
  handOver: {
    title: 'Einen Moment',
    text: 'Sie werden zum Programm zurückgeleitet. Wenn nichts geschieht, gehen Sie selbst weiter.',
  },
  grants: {
    title: 'Programme mit Zugang',
    why: 'Diese Programme haben Sie eingelassen. Wer ausgesperrt ist, muss Sie neu fragen, und alles, was er für Sie hat, endet sofort.',
    none: 'Sie haben kein Programm eingelassen.',
    since: (at) => html`Zuletzt eingelassen am ${at} (UTC)`,
    shutOut: 'Aussperren',
    done: 'Das Programm ist ausgesperrt.',
    gone: 'Dieses Programm war schon ausgesperrt.',
  },
  device: {
    title: 'Gerät verbinden',
    why: 'Geben Sie den Code ein, den Ihr Gerät anzeigt.',
    code: 'Code des Geräts',
    codeHint: 'Acht Buchstaben, zum Beispiel WDJB-MJHT',
    compare: 'Zeigt Ihr Gerät genau diesen Code an? Gehen Sie nur weiter, wenn Sie das Gerät vor sich haben.',
    same: 'Es zeigt diesen Code an',
    another: 'Es zeigt einen anderen Code an',
    unknown: 'Kein Gerät wartet mit diesem Code. Sehen Sie noch einmal nach; ein Code gilt zehn Minuten lang.',
    tooManyTries: 'Es wurden zu viele Codes ausprobiert. Warten Sie ein paar Minuten.',
    over: 'Dieser Code gilt nicht mehr: Er wurde benutzt oder ist älter als zehn Minuten. Lassen Sie Ihr Gerät einen neuen anzeigen.',
    letIn: {
      title: 'Dieses Gerät einlassen?',
      who: (program) => html`${program} möchte auf einem anderen Gerät Zugang zu Ihrem Konto.`,
      asked: (at, ip) => html`Das Gerät hat am ${at} von der Netzwerkadresse ${ip} angefragt.`,
      shows: (code) => html`Es zeigt den Code ${code} an.`,
      elsewhere: (ip, own) =>
        `Das Gerät ist in einem anderen Netz als Sie: Es hat von ${ip} angefragt, und Sie sind bei ${own}. Wenn Ihnen jemand den Code geschickt hat, lassen Sie es nicht ein.`,
      careful:
        'Lassen Sie es nur ein, wenn Sie das gerade selbst begonnen haben. Niemand sonst braucht von Ihnen einen Code.',
      offline: 'auf dem Gerät angemeldet bleiben, bis Sie seine Sitzung beenden oder es aussperren',
    },
    decided: {
      allowed: {
        title: 'Das Gerät ist eingelassen',
        text: 'Gehen Sie zu Ihrem Gerät zurück: Es macht von selbst weiter. Dieses Fenster können Sie schließen.',
      },
      denied: {
        title: 'Das Gerät ist nicht eingelassen',
        text: 'Es bekommt nichts. Dieses Fenster können Sie schließen.',
      },
      grants: 'Programme mit Zugang',
    },
    mail: {
      subject: 'Ein Gerät wurde in Ihr Konto eingelassen',
      happened: (program) => `Sie haben ein Gerät mit dem Programm „${program}“ in Ihr Konto eingelassen bei`,
      whichOne: (at, ip) => `Es hat am ${moment.format(at)} (UTC) von der Netzwerkadresse ${ip} angefragt.`,
      otherwise: 'Wenn Sie das nicht waren, sperren Sie das Programm hier aus, und wählen Sie ein neues Passwort:',
      open: 'Programme mit Zugang',
    },
  },
  leave: {
    title: 'Abmelden?',
    asks: (program) => html`${program} möchte, dass Sie abgemeldet werden.`,
    consequence: 'Das gilt für alle Anwendungen, die Sie mit dieser Anmeldung erreichen.',
    signOut: 'Abmelden',
    stay: 'Angemeldet bleiben',
  },
}
