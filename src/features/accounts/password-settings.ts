import { type Static, Type } from '../../json-schema.ts'
import { defaultPolicy, lengthBounds } from '../../core/password-policy.ts'
import { isThisMachine } from '../../core/network.ts'
import { type Findings, section, setting } from '../../settings.ts'

/** The `passwords` section of gatehouse.yaml. */
export const PasswordSettings = section({
  min: setting(
    'How many characters a new password has at least.',
    Type.Integer({ ...lengthBounds.min, default: defaultPolicy.min }),
  ),
  max: setting('How many it has at most.', Type.Integer({ ...lengthBounds.max, default: defaultPolicy.max })),
  score: setting(
    'How hard to guess it has to be, from 0 (anything goes) to 4 (never guessed), as zxcvbn estimates. The 100,000 most ' +
      'common passwords are refused in any case.',
    Type.Integer({ minimum: 0, maximum: 4, default: defaultPolicy.score }),
  ),
  breached_url: Type.Optional(
    setting(
      'Where to ask whether a new password is known from a leak: a range API as Have I Been Pwned has it, which is told five ' +
        'characters of the SHA-1 of the password. Where it does not answer, the password is taken.',
      Type.String({ title: 'a URL such as https://api.pwnedpasswords.com/range/' }),
    ),
  ),
  breached_within_milliseconds: setting(
    'How long its answer may take.',
    Type.Integer({ minimum: 100, maximum: 10_000, default: 1_500 }),
  ),
  argon2: section({
    memory_kib: setting(
      'How much memory each hash takes. With `passes`, no less than OWASP recommends: 47104 with 1 pass, 19456 with 2, 12288 ' +
        'with 3, 9216 with 4, 7168 with 5.',
      Type.Integer({ minimum: 7_168, maximum: 1_048_576, default: 19_456 }),
    ),
    passes: setting('How often each hash goes over it.', Type.Integer({ minimum: 1, maximum: 20, default: 2 })),
    parallelism: setting('How many lanes it has.', Type.Integer({ minimum: 1, maximum: 16, default: 1 })),
  }),
})
export type PasswordSettings = Static<typeof PasswordSettings>

/** OWASP's recommended minimum for Argon2id: each of these takes an attacker as long as the others. */
const owaspMinimum = [
  { passes: 1, memory_kib: 47_104 },
  { passes: 2, memory_kib: 19_456 },
  { passes: 3, memory_kib: 12_288 },
  { passes: 4, memory_kib: 9_216 },
  { passes: 5, memory_kib: 7_168 },
]

export function checkPasswordSettings({ argon2, breached_url: url }: PasswordSettings, findings: Findings): void {
  const { passes } = argon2
  const { memory_kib: least } = owaspMinimum.findLast((minimum) => passes >= minimum.passes)!
  if (argon2.memory_kib < least) {
    const with_ = `with ${passes} ${passes === 1 ? 'pass' : 'passes'}`
    findings.fault(['passwords', 'argon2', 'memory_kib'], `expected at least ${least} ${with_} (OWASP's minimum)`)
  }
  if (url === undefined) return
  const read = URL.canParse(url) ? new URL(url) : undefined
  const isPlain = read?.protocol === 'http:' && isThisMachine(read.hostname)
  if ((read?.protocol !== 'https:' && !isPlain) || read.username !== '' || read.search !== '' || read.hash !== '') {
    findings.fault(['passwords', 'breached_url'], 'expected an https URL that goes on with the range, without a query')
  }
}
