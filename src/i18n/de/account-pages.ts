import type { accountPageTexts as english } from '../../features/accounts/page-texts.ts'
import { plural } from '../../pages/times.ts'

export const accountPageTexts: typeof english = {
  linkRequests: {
    'forgot-password': {
      title: 'Passwort vergessen?',
      why: 'Wir schicken Ihnen einen Link, mit dem Sie ein neues wählen.',
    },
    'resend-verification': {
      title: 'Neuer Link',
      why: 'Sie wollten ein Konto anlegen, und der Link aus der E-Mail ist verloren oder zu alt? Wir schicken Ihnen einen neuen.',
    },
  },
  linkRequest: { submit: 'Link schicken', again: 'Neuen Link anfordern' },
  resetPassword: {
    title: 'Neues Passwort wählen',
    why: 'Überall, wo Sie angemeldet sind, werden Sie abgemeldet.',
    endApiKeys: 'Auch meine API-Schlüssel beenden: Programme, die sie benutzen, werden abgewiesen',
    submit: 'Passwort speichern',
    doneTitle: 'Ihr Passwort ist geändert',
    done: 'Melden Sie sich damit an. Überall sonst sind Sie abgemeldet.',
    endedApiKeys: (ended) =>
      ended === 0
        ? 'Es gab keinen API-Schlüssel zu beenden.'
        : plural('de', ended, {
            one: 'Ihr API-Schlüssel wurde beendet.',
            other: `${ended} API-Schlüssel wurden beendet.`,
          }),
  },
  invitation: {
    title: 'Sie sind eingeladen',
    why: 'Sagen Sie, wie Sie heißen, und wählen Sie das Passwort, mit dem Sie Ihr Konto öffnen.',
    submit: 'Konto anlegen',
    doneTitle: 'Ihr Konto ist bereit',
    done: 'Melden Sie sich mit Ihrer Adresse und Ihrem Passwort an.',
    gone: 'Wofür diese Einladung war, gibt es nicht mehr. Bitten Sie um eine neue, wer Sie eingeladen hat.',
  },
  linkUseless: {
    title: 'Dieser Link funktioniert nicht mehr',
    why: 'Er wurde schon benutzt, er ist zu alt, oder ein anderer ist an seine Stelle getreten.',
  },
}
