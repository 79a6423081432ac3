import type { Language } from '../core/language.ts'
import { type Catalogue, en } from './en.ts'

/** Texts that an operator says otherwise, by language and by their place in the catalogue: `signIn.stepUp.title`. */
export type ReplacedTexts = Readonly<Partial<Record<Language, Readonly<Record<string, string>>>>>

/** Why a text cannot be replaced; nothing when it can. */
export function faultOfKey(key: string): string | undefined {
  const place = key.split('.').reduce<unknown>((node, name) => {
    return typeof node === 'object' && node !== null && Object.hasOwn(node, name)
      ? (node as Record<string, unknown>)[name]
      : undefined
  }, en)
  if (typeof place === 'string') return undefined
  return typeof place === 'function'
    ? 'something is said within this text, so it cannot be replaced'
    : 'there is no such text'
}

/** The catalogue with these texts in place of its own. Each key has been looked at by `faultOfKey`. */
export function withTexts(catalogue: Catalogue, texts: Readonly<Record<string, string>> = {}): Catalogue {
  return Object.entries(texts).reduce((node, [key, text]) => replace(node, key.split('.'), text), catalogue)
}

function replace<Node extends object>(node: Node, [name, ...rest]: readonly string[], text: string): Node {
  const below = (node as Record<string, unknown>)[name!]
  return { ...node, [name!]: rest.length === 0 ? text : replace(below as object, rest, text) }
}
