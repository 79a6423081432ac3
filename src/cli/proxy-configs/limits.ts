import { answerHeaderBytes, requestHeaderBytes } from '../../core/sizes.ts'

/**
 * What every printed configuration lets through, the same in all five as far as each has a word for it. Applications have
 * limits of their own; these are such that no ordinary one meets a proxy's first. docs/proxies/README.md has the table.
 */
export const limits = {
  /** Request line and headers of a request. The service reads a question with all of them. */
  requestHeaderKiB: requestHeaderBytes / 1024,
  /** Headers of an answer, the question's among them: somebody with hundreds of permissions has an assertion of many kilobytes. */
  answerHeaderKiB: answerHeaderBytes / 1024,
  /** Until a connection to the service or to an application stands. */
  connectSeconds: 2,
  /** Until the question is answered. */
  questionSeconds: 5,
  /** Until the headers of a request are there. */
  headerSeconds: 60,
  /** Between two requests of a connection. */
  betweenRequestsSeconds: 60,
  /** Without a byte of an upload. */
  uploadSilenceSeconds: 60,
  /** Without a byte of an answer, a stream or a WebSocket, in either direction. Nothing bounds their whole time. */
  silenceSeconds: 3_600,
} as const
