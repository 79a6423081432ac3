/** People whose names and addresses a page has to bear. */
export const ada = { name: 'Ada Lovelace', email: 'ada@example.com' }

/** As long as names and addresses may be, with nothing to break a line at. */
export const longest = {
  name: 'Wolfeschlegelsteinhausenbergerdorff'.repeat(6).slice(0, 200),
  email: `${'a'.repeat(64)}@${'very-long-label-of-a-domain.'.repeat(6)}example`,
}

export const people = {
  'long-name': longest,
  'other-script': { name: '山田太郎', email: 'taro@xn--wgv71a119e.example' },
  'right-to-left': { name: 'فاطمة الزهراء', email: 'fatima@example.com' },
  'markup-in-name': { name: '<b>Ada</b> & "Co"', email: "o'hara@example.com" },
}
