export const tokens = {
  reuseMail: {
    subject: 'One of your sessions was ended',
    usedTwice: 'Two parties used the same sign-in of yours at',
    whichOne: (began: Date, ip: string) =>
      `It began on ${began.toISOString().slice(0, 16).replace('T', ' at ')} UTC from the address ${ip}. ` +
      'Somebody may have copied it. It has been ended for both.',
    whatNext:
      'Sign in again as you always do. If this happens again, or you do not know that sign-in, choose a new password.',
  },
}
export interface TokenTexts {
  tokens: typeof tokens
}
