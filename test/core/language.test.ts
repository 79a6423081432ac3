import { test } from 'tap'
import { chooseLanguage, type OfferedLanguages } from '../../src/core/language.ts'

const both: OfferedLanguages = ['en', 'de']

void test('the language that an Accept-Language header wants most is chosen', async (t) => {
  const cases: [header: string | undefined, expected: string][] = [
    [undefined, 'en'],
    ['', 'en'],
    ['de', 'de'],
    ['DE', 'de'],
    ['de-AT', 'de'],
    ['de-Latn-AT-1996', 'de'],
    ['de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7', 'de'],
    ['en-US,en;q=0.9,de;q=0.8', 'en'],
    ['fr;q=0.9, de;q=0.2', 'de'],
    ['de;q=0.4, en;q=0.5', 'en'],
    ['de, en', 'de'],
    ['fr', 'en'],
    ['deu', 'en'],
    ['den', 'en'],
    ['*', 'en'],
    ['fr, *;q=0.1', 'en'],
    ['en;q=0, *', 'de'],
    ['en;q=0.1, *', 'de'],
    ['de;q=0', 'en'],
    ['de;q=0, fr', 'en'],
    ['en;q=0', 'en'],
    ['de;q=2', 'en'],
    ['de;q=x', 'en'],
    [',;q=1,;;,-', 'en'],
  ]
  for (const [header, expected] of cases) t.equal(chooseLanguage(both, [header]), expected, String(header))
})

void test('where nothing fits, the first language that is offered is used, and no other one ever', async (t) => {
  t.equal(chooseLanguage(['de', 'en'], ['fr']), 'de')
  t.equal(chooseLanguage(['de', 'en'], ['*']), 'de')
  t.equal(chooseLanguage(['de'], ['en']), 'de')
})

void test('the first wish that names an offered language decides', async (t) => {
  t.equal(chooseLanguage(both, ['de', 'en']), 'de')
  t.equal(chooseLanguage(both, [undefined, 'de']), 'de')
  t.equal(chooseLanguage(both, ['fr', 'de']), 'de')
  t.equal(chooseLanguage(['en'], ['de', 'en']), 'en')
})
