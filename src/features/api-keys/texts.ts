import { type Child, html } from '../../pages/html.ts'
import { plural } from '../../pages/times.ts'

export const apiKeys = {
  title: 'API keys',
  why: 'A program shows a key in place of your password, and may do what the key allows.',
  none: 'You have no API keys.',
  make: 'Make a key',
  made: (at: Child) => html`Made on ${at}`,
  ends: (at: Child) => html`Counts until ${at}`,
  ended: (at: Child) => html`Has counted until ${at}`,
  endless: 'Counts until it is revoked',
  used: (at: Child) => html`Last used on ${at}`,
  unused: 'Never used',
  may: (scopes: Child) => html`May: ${scopes}`,
  revoke: 'Revoke',
  revoked: 'The key is revoked. Programs that use it are refused from now on.',
  gone: 'This key is there no more.',

  fresh: {
    title: 'Make an API key',
    name: 'What the key is for',
    nameHint: 'A name by which you know it again, such as the program that uses it.',
    ends: 'Counts for',
    days: (days: number) => plural('en', days, { one: `${days} day`, other: `${days} days` }),
    never: 'Until it is revoked',
    scopes: 'What it may do',
    noScopes: 'Your account holds no rights that a key could have. The key says who you are, and no more.',
    tooMany: 'You have as many keys as one person may have. Revoke one first.',
  },
  shown: {
    title: 'Your new API key',
    once: 'Copy the key now: it is shown here once, and never again.',
    key: 'Key',
    toKeys: 'I have copied it',
  },
  madeMail: {
    subject: 'An API key was made',
    made: 'Somebody, hopefully you, made an API key for your account at',
    whatItMeans: 'A program that has the key may do what the key allows, without your password.',
    otherwise:
      'If it was not you, somebody is signed in as you: revoke the key, choose a new password, and end the sessions that ' +
      'are not yours.',
    toKeys: 'Your API keys',
  },
}
export interface ApiKeyTexts {
  apiKeys: typeof apiKeys
}
