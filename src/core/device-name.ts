/** Calls a device by what its User-Agent header says of it, such as "Firefox on Linux". Anybody may write anything there. */
export type NameDevice = (userAgent: string) => string
