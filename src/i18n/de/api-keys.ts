import { html } from '../../pages/html.ts'
import { plural } from '../../pages/times.ts'
import type { Catalogue } from '../en.ts'

export const apiKeys: Catalogue['apiKeys'] = {
  title: 'API-Schlüssel',
  why: 'Ein Programm zeigt einen Schlüssel anstelle Ihres Passworts und darf, was der Schlüssel erlaubt.',
  none: 'Sie haben keine API-Schlüssel.',
  make: 'Schlüssel anlegen',
  made: (at) => html`Angelegt am ${at}`,
  ends: (at) => html`Gilt bis ${at}`,
  ended: (at) => html`Galt bis ${at}`,
  endless: 'Gilt, bis er widerrufen wird',
  used: (at) => html`Zuletzt benutzt am ${at}`,
  unused: 'Nie benutzt',
  may: (scopes) => html`Darf: ${scopes}`,
  revoke: 'Widerrufen',
  revoked: 'Der Schlüssel ist widerrufen. Programme, die ihn benutzen, werden ab jetzt abgewiesen.',
  gone: 'Diesen Schlüssel gibt es nicht mehr.',

  fresh: {
    title: 'API-Schlüssel anlegen',
    name: 'Wofür der Schlüssel ist',
    nameHint: 'Ein Name, an dem Sie ihn wiedererkennen, zum Beispiel das Programm, das ihn benutzt.',
    ends: 'Gilt',
    days: (days) => plural('de', days, { one: `${days} Tag`, other: `${days} Tage` }),
    never: 'Bis er widerrufen wird',
    scopes: 'Was er darf',
    noScopes: 'Ihr Konto hat keine Rechte, die ein Schlüssel haben könnte. Er sagt nur, wer Sie sind.',
    tooMany: 'Sie haben so viele Schlüssel, wie eine Person haben kann. Widerrufen Sie zuerst einen.',
  },
  shown: {
    title: 'Ihr neuer API-Schlüssel',
    once: 'Kopieren Sie den Schlüssel jetzt: Er wird hier einmal angezeigt und dann nie wieder.',
    key: 'Schlüssel',
    toKeys: 'Ich habe ihn kopiert',
  },
  madeMail: {
    subject: 'Ein API-Schlüssel wurde erstellt',
    made: 'Jemand, hoffentlich Sie selbst, hat einen API-Schlüssel erstellt für Ihr Konto bei',
    whatItMeans: 'Ein Programm, das ihn hat, darf ohne Ihr Passwort tun, was der Schlüssel erlaubt.',
    otherwise:
      'Wenn Sie das nicht waren, ist jemand in Ihrem Namen angemeldet: Widerrufen Sie den Schlüssel, wählen Sie ein neues ' +
      'Passwort, und beenden Sie die Sitzungen, die nicht Ihre sind.',
    toKeys: 'Ihre API-Schlüssel',
  },
}
