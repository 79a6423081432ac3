/** Colours as people choose them, made readable (WCAG 2.2 §1.4.3, §1.4.11). */

/** Red, green and blue from 0 to 255. */
type Colour = readonly [number, number, number]

/** `#0a5` or `#00aa55`. */
export const colourForm = /^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$/

/** What text has to differ by from what it stands on. A little more than WCAG wants, since shares are rounded. */
const readable = 4.6

const white: Colour = [255, 255, 255]
const ink: Colour = [16, 20, 28]
/** What links and notices stand on, as `styles.ts` has it; in dark the lightest of it, in light the darkest. */
const grounds = { light: parse('#f1f3f6'), dark: parse('#1b2028') }

/** How an accent is used in one scheme. Each is written as CSS has it. */
export interface AccentColours {
  /** Of links and other text, and of the ring around what has the focus. */
  readonly text: string
  readonly textHover: string
  /** Behind the words of a button. */
  readonly button: string
  readonly buttonHover: string
  /** The words of a button, and those of one that is pointed at. */
  readonly onButton: string
}

/** The colours that follow from an accent, each readable where it is used, whatever the accent is. */
export function accentColours(accent: string): { light: AccentColours; dark: AccentColours } {
  const chosen = parse(accent)
  // Light words as long as they can be read: most people take dark words on a strong colour for a fault.
  const onButton = contrast(chosen, white) >= 4 ? white : ink
  // Away from the words on it, so that they are readable and stay so.
  const away = onButton === white ? ink : white
  const button = towards(chosen, away, onButton)
  const shared = { button: spell(button), buttonHover: spell(mix(button, away, 0.14)), onButton: spell(onButton) }
  const text = { light: towards(chosen, ink, grounds.light), dark: towards(chosen, white, grounds.dark) }
  return {
    light: { ...shared, text: spell(text.light), textHover: spell(mix(text.light, ink, 0.25)) },
    dark: { ...shared, text: spell(text.dark), textHover: spell(mix(text.dark, white, 0.3)) },
  }
}

/** The ratio of the luminances of two colours, from 1 to 21. */
export function contrastOf(one: string, other: string): number {
  return contrast(parse(one), parse(other))
}

/** The first colour on the way from one to another that is readable on a ground. */
function towards(from: Colour, to: Colour, ground: Colour): Colour {
  for (let share = 0; share < 1; share += 0.02) {
    const mixed = mix(from, to, share)
    if (contrast(mixed, ground) >= readable) return mixed
  }
  return to
}

function mix(one: Colour, other: Colour, share: number): Colour {
  const part = (at: 0 | 1 | 2) => Math.round(one[at] + (other[at] - one[at]) * share)
  return [part(0), part(1), part(2)]
}

function contrast(one: Colour, other: Colour): number {
  const [light, dark] = [luminance(one), luminance(other)].toSorted((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

/** Relative luminance (WCAG 2.2). */
function luminance(colour: Colour): number {
  const [red, green, blue] = colour.map((value) => {
    const share = value / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function parse(text: string): Colour {
  const [, digits = ''] = colourForm.exec(text) ?? []
  const full = digits.length === 3 ? digits.replaceAll(/./g, '$&$&') : digits
  const value = Number.parseInt(full, 16)
  return [value >> 16, (value >> 8) & 0xff, value & 0xff]
}

function spell(colour: Colour): string {
  return `#${colour.map((value) => value.toString(16).padStart(2, '0')).join('')}`
}
