import type { ZxcvbnFactory } from '@zxcvbn-ts/core'
import type { StrengthEstimate } from '../core/password-policy.ts'

/** The estimate's time grows steeply with length, and a password that is weak is weak in its first part already. */
const judgedCharacters = 64

let loading: Promise<ZxcvbnFactory> | undefined

/** The dictionaries take a third of a second to index, so they are loaded when first needed. */
async function load(): Promise<ZxcvbnFactory> {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ])
  return new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
  })
}

/** zxcvbn's score (0 to 4), against its dictionaries of leaked passwords and common words. */
export const estimateStrength: StrengthEstimate = async (password, personal) => {
  loading ??= load()
  const checker = await loading
  return checker.check(password.slice(0, judgedCharacters), [...personal]).score
}
