import { html } from '../../pages/html.ts'
import type { Catalogue } from '../en.ts'

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
  leave: {
    title: 'Abmelden?',
    asks: (program) => html`${program} möchte, dass Sie abgemeldet werden.`,
    consequence: 'Das gilt für alle Anwendungen, die Sie mit dieser Anmeldung erreichen.',
    signOut: 'Abmelden',
    stay: 'Angemeldet bleiben',
  },
}
