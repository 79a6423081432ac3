export const activity = {
  title: 'Activity',
  why: 'What has happened to your account, the newest first.',
  none: 'Nothing has happened yet.',
  older: 'Older',
  newest: 'Back to the newest',
  from: (address: string) => `From ${address}`,
  byOperator: 'By whoever runs the service',
  /** By the name of the event; what has no words here is called by its name. */
  events: {
    'registration.confirmed': 'You confirmed your address, and the account was made',
    'user.created': 'The account was made',
    'user.profile_changed': 'The profile was changed',
    'user.disabled': 'The account was disabled',
    'user.enabled': 'The account was enabled again',
    'user.unlocked': 'The lockout was lifted',
    'user.password_changed': 'The password was changed',
    'role.granted': 'A role was given to you',
    'role.withdrawn': 'A role was taken from you',
    'api_keys.ended': 'API keys were ended together',
    'api_key.created': 'An API key was made',
    'api_key.revoked': 'An API key was revoked',
    'session.revoked': 'A session was ended',
    'sign_in.succeeded': 'Signed in',
    'sign_in.failed': 'A sign-in failed',
    'sign_in.limited': 'Too many sign-ins failed',
    'step_up.succeeded': 'You confirmed that it is you',
    'step_up.failed': 'A confirmation failed',
    'refresh.rotated': 'An application renewed its access',
    'refresh.replayed': 'An application repeated a renewal of its access',
    'refresh.reused': 'A copy of an access was used, and the session was ended',
    'refresh.limited': 'An application renewed its access too often',
    'token.revoked': 'An application gave its access back',
    'token.exchanged': 'An application passed its access on',
  } as Record<string, string>,
}
export interface ActivityTexts {
  activity: typeof activity
}
