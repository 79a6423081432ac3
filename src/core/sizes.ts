/**
 * Sizes that follow from one another, in bytes. What is issued is shown to proxies and to the service itself: so a token is no
 * larger than what both let through, and what the service reads is no less than what the proxies do.
 */

/** Request line and headers of a request that every printed configuration lets through. */
export const requestHeaderBytes = 32 * 1024

/** One line of them: nginx has two buffers, and a line must fit in one. */
const headerLineBytes = requestHeaderBytes / 2

/** Headers of an answer that every printed configuration lets through, the question's among them. */
export const answerHeaderBytes = 32 * 1024

/**
 * The largest access token, in characters: one line, with room for its name. None is issued that is longer, and nothing that
 * takes tokens may refuse one that is not.
 */
export const maxTokenLength = headerLineBytes - 1024

/** All headers of an answer that say who it is, as long as a host does not say otherwise; the others are far smaller than the rest. */
export const identityHeaderBytes = answerHeaderBytes - 4 * 1024

/** All scopes of a client, as one text: what a request may ask for, and a token of the client's holds. */
export const maxScopeLength = 4 * 1024

/** Of a client, and so of a token. */
export const maxAudiences = 20

/** Of an issuer, in characters: it stands in every token, and twice in most. */
export const maxIssuerLength = 255

/**
 * Headers that the service reads. A question holds those of the request and what the proxy adds: the path once more in
 * place of the request line, names and addresses. Go's proxies let 4 KiB more through than they are told.
 */
export const serviceHeaderBytes = requestHeaderBytes + 8 * 1024
