import { assert, integer, property } from 'fast-check'
import { test } from 'tap'
import { accentColours, contrastOf } from '../../src/pages/colours.ts'

const hex = integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, '0')}`)

void test('whatever an accent is, links and the words of buttons are readable in both schemes (WCAG AA)', async (t) => {
  assert(
    property(hex, (accent) => {
      const { light, dark } = accentColours(accent)
      // The darkest ground of the light scheme, and the lightest one of the dark scheme.
      for (const [colours, grounds] of [
        [light, ['#ffffff', '#f5f6f8']],
        [dark, ['#0f1217', '#171b22']],
      ] as const) {
        const { text, textHover, button, buttonHover, onButton } = colours
        for (const ground of grounds)
          for (const one of [text, textHover]) if (contrastOf(one, ground) < 4.5) return false
        for (const ground of [button, buttonHover]) if (contrastOf(onButton, ground) < 4.5) return false
      }
      return true
    }),
    { numRuns: 2_000, examples: [['#000000'], ['#ffffff'], ['#777777'], ['#ffff00'], ['#00aa55']] },
  )
  t.equal(accentColours('#0a5').light.button, '#00aa55', 'three digits are six')
  t.equal(Math.round(contrastOf('#000', '#ffffff') * 10) / 10, 21)
})
