/** The languages that the service speaks, by their tags (RFC 5646), each by its own name. */
export const languageNames = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof languageNames
