/** What a browser or program says of itself, as far as it is understood. Anybody may say anything there. */
export interface Device {
  /** Such as "Firefox", or the name of a program. */
  readonly browser: string | undefined
  /** Such as "Linux". */
  readonly system: string | undefined
}

/** Reads a User-Agent header. */
export type ReadDevice = (userAgent: string) => Device
