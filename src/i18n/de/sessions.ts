import { html } from '../../pages/html.ts'
import type { Catalogue } from '../en.ts'

export const sessions: Catalogue['sessions'] = {
  title: 'Wo Sie angemeldet sind',
  why:
    'Jeder Browser und jedes Programm, das an Ihrem Konto angemeldet ist. ' +
    'Beenden Sie, was Sie nicht kennen, und wählen Sie ein neues Passwort.',
  device: ({ browser, system }) => [browser, system].filter(Boolean).join(' unter ') || 'Unbekanntes Gerät',
  program: (name) => `${name}, auf einem Gerät`,
  this: 'Diese hier',
  from: (address) => `Von ${address}`,
  began: (at) => html`Angemeldet am ${at}`,
  seen: (at) => html`Zuletzt benutzt am ${at}`,
  end: 'Beenden',
  endOthers: 'Alle anderen beenden',
  ended: 'Die Sitzung ist beendet.',
  othersEnded: 'Alle anderen Sitzungen sind beendet.',
  gone: 'Diese Sitzung ist schon beendet.',
  remembered: 'Wo nicht nach Ihrem zweiten Faktor gefragt wird',
  signedIn: (at) => html`Zuletzt angemeldet am ${at}`,
  rememberedUntil: (at) => html`Bis ${at}`,
  forget: 'Überall wieder fragen',
  forgotten: 'Nach Ihrem zweiten Faktor wird überall wieder gefragt.',
}
