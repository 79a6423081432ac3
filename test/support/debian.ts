/** Packages of Debian that are more than a program on the path. */
import { existsSync } from 'node:fs'
import { findProgram } from './servers.ts'

/** Apache alone signs nobody in: its module for OpenID Connect is a package of its own. */
export const hasApache = () =>
  findProgram('apache2') !== undefined && existsSync('/usr/lib/apache2/modules/mod_auth_openidc.so')

/** Dovecot alone opens no mail box: what speaks IMAP is a package of its own. */
export const hasDovecot = () =>
  findProgram('dovecot') !== undefined &&
  ['/usr/lib/dovecot', '/usr/libexec/dovecot'].some((folder) => existsSync(`${folder}/imap-login`))

/** What its package makes the root of a site. */
export const roundcubeSite = '/var/lib/roundcube/public_html'

/** With the store that its tests give it, which is a package of its own. */
export const hasRoundcube = () =>
  findProgram('php') !== undefined &&
  existsSync(`${roundcubeSite}/index.php`) &&
  existsSync('/usr/share/doc/roundcube-sqlite3')
