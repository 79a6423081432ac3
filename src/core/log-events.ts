/**
 * What each line of the log means whose event is not one of security (`audit.ts` has those). `docs/operations.md` lists them.
 */
export const logEvents = {
  'service.listening': 'The service answers at this address.',
  'service.counts_alone': 'Limits are counted by this process alone, since there is no Redis.',
  'service.stopping': 'The service was told to stop. It is not ready any more, and goes on answering.',
  'service.stopped': 'The service has stopped, and nothing was cut short.',
  'service.stop_cut_short': 'The service stopped while requests were still under way, or was told a second time.',
  'service.stop_failed': 'The stop itself failed.',
  'registration.mode': 'Who may register, and why it is so. Told at the start.',
  'passkeys.rp_id': 'The domain that passkeys are made for, where a setting names it. Told at the start.',
  'passkeys.off': 'There are no passkeys, since the host of the issuer is an IP address. Told at the start.',
  'config.doubtful': 'A setting is allowed and will not have been meant.',
  'rules.look_failed': 'A change of gatehouse.yaml could not be judged. The old rules stay.',
  'forward_auth.denied': 'A question was denied, with the code and the reason.',
  'forward_auth.failed': 'A question could not be decided by a fault of the service.',
  'forward_auth.outage':
    'A question could not be decided, since a store did not answer. The next ones are counted alone.',
  'forward_auth.recovered': 'Questions are decided again. The line says how many were not.',
  'forward_auth.wrong_scheme':
    'A proxy tells http for a host under an issuer on https, so people do not come back to it.',
  'identity.shortened': 'The rights of somebody did not fit, and were told in part. Told once an hour.',
  'identity.refused': 'The rights of somebody did not fit, and the host refuses such requests. Told once an hour.',
  'session.ambiguous': 'A browser sent cookies of several sessions under one name, so none of them counted.',
  'session.touch_failed': 'That a session was used could not be noted.',
  'api_key.not_marked': 'That an API key was used could not be noted.',
  'keys.unopened': 'The secret of the service does not open the signing keys. It is not ready.',
  'feed.unreadable': 'The revocation feed cannot be read. A second later nothing that is remembered counts.',
  'feed.recovered': 'The revocation feed is read again.',
  'feed.gap': 'Rows of the revocation feed were missed, so everything is proven anew.',
  'audit.unwritable': 'Rows of the audit trail cannot be written, and wait in memory.',
  'audit.overflow': 'So many rows wait that no more can be kept. Of further events the log lines are all there is.',
  'audit.recovered': 'Rows of the audit trail are written again. The line says how many were lost.',
  'audit.lost': 'The process stopped before rows of the audit trail could be written. The line says how many.',
  'mail.written': 'A mail was written to the outbox, since there is no mail server.',
  'mail.sent': 'A mail was accepted by the mail server.',
  'mail.failed': 'A mail could not be sent. The line says why, and whether that was the last try.',
  'mail.expired': 'A mail was dropped, since the link in it had ended before it could be sent.',
  'mail.unanswered': 'What somebody asked for an address cannot be answered, and waits.',
  'mail.unreadable': 'The outbox cannot be read, so mails wait in it.',
  'mail.unusable': 'The mail server cannot be used, as a try at the start has shown.',
  'client_keys.unreadable': 'The keys of a client cannot be had from its `jwks_uri`, so that it cannot prove itself.',
  'logout_token.failed':
    'A program could not be told of the end of a session. The line says why, and whether that was the last try.',
  'logout_token.unreadable': 'What programs are to be told of the end of sessions cannot be read, and waits.',
  'passwords.process_ended': 'The process that hashes passwords has ended. The next password starts it again.',
  'passwords.same_priority': 'The process that hashes passwords could not be given a low priority.',
  'passwords.breached_unknown':
    'Whether new passwords are known from a leak cannot be found out, and they are taken. Told once a day.',
  'redis.fault': 'Redis cannot be used at present, and why.',
  'directory.limits': 'How many wrong passwords of one account a directory is sent at most. Told at the start.',
  'directory.lockout': 'A directory locks accounts after no more wrong passwords than it is sent. Told at the start.',
  'directory.unusable': 'A directory cannot be used, why, and what to do. Told once until it answers again.',
  'lockout.not_told': 'That an account is locked could not be told to its person.',
  'redis.evicts': 'Redis is set up to let go of counters when its memory is full.',
  'request.failed': 'A request met a fault of the service.',
  'request.unavailable':
    'A request was answered 503, since too many wait or a store is away. The line says why; further ones are counted, and told once a minute.',
  'maintenance.failed': 'What the service does every minute failed. It is tried again.',
  'housekeeping.swept': 'Rows that had ended are gone. The line says how many of each kind.',
} as const

export type LogEvent = keyof typeof logEvents
