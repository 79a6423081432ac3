import type { AccentColours } from './colours.ts'

/** The style sheet that is ours, in these colours. */
export function styleSheet({ light, dark }: { light: AccentColours; dark: AccentColours }): string {
  const both = (name: keyof AccentColours) =>
    light[name] === dark[name] ? light[name] : `light-dark(${light[name]}, ${dark[name]})`
  return `${tokens(both)}${rules}`
}

/**
 * Colours and measures, as variables that Pico reads. Browsers without \`light-dark\` keep Pico's own, light and dark. Twice
 * \`:root\`, since Pico names its own so exactly.
 */
const tokens = (accent: (name: keyof AccentColours) => string) => `:root:root {
  --pico-font-size: 100%;
  --pico-line-height: 1.5;
  --pico-border-radius: 0.5rem;
  --pico-form-element-spacing-vertical: 0.625rem;
  --pico-form-element-spacing-horizontal: 0.875rem;
  --pico-outline-width: 0.1875rem;
}
@supports (color: light-dark(#000, #fff)) {
  :root:root {
    --pico-background-color: light-dark(#f5f6f8, #0f1217);
    --pico-card-background-color: light-dark(#ffffff, #171b22);
    --pico-card-border-color: light-dark(#e2e6ec, #2a313c);
    --pico-card-box-shadow: 0 1px 2px light-dark(#10182810, #0004), 0 1.25rem 2.5rem -1.5rem light-dark(#10182833, #0008);
    --pico-muted-border-color: light-dark(#e2e6ec, #2a313c);
    --pico-color: light-dark(#1c2430, #dfe4ec);
    --pico-h1-color: light-dark(#111722, #f3f5f9);
    --pico-h2-color: light-dark(#111722, #f3f5f9);
    --pico-muted-color: light-dark(#566072, #a0a9b8);
    --pico-form-element-background-color: light-dark(#ffffff, #11151b);
    --pico-form-element-active-background-color: light-dark(#ffffff, #11151b);
    --pico-form-element-border-color: light-dark(#8590a2, #6c7687);
    --pico-form-element-color: light-dark(#111722, #f3f5f9);
    --pico-form-element-invalid-border-color: var(--danger);
    --pico-form-element-invalid-active-border-color: var(--danger);
    --pico-form-element-invalid-focus-color: color-mix(in srgb, var(--danger) 35%, transparent);
    --pico-del-color: var(--danger);
    --pico-primary: ${accent('text')};
    --pico-primary-hover: ${accent('textHover')};
    --pico-primary-underline: color-mix(in srgb, var(--pico-primary) 45%, transparent);
    --pico-primary-background: ${accent('button')};
    --pico-primary-hover-background: ${accent('buttonHover')};
    --pico-primary-inverse: ${accent('onButton')};
    --pico-primary-border: var(--pico-primary-background);
    --pico-primary-hover-border: var(--pico-primary-hover-background);
    --pico-primary-focus: color-mix(in srgb, var(--pico-primary) 60%, transparent);
    --pico-form-element-focus-color: var(--pico-primary-focus);
    --pico-form-element-active-border-color: var(--pico-primary);
    --pico-secondary: var(--pico-color);
    --pico-secondary-hover: var(--pico-color);
    --pico-secondary-border: var(--pico-form-element-border-color);
    --pico-secondary-hover-border: var(--pico-color);
    --pico-secondary-focus: var(--pico-primary-focus);
    --danger: light-dark(#b3261e, #ff9d93);
    --success: light-dark(#17663a, #7ddca4);
  }
}
`

/** One narrow card in the middle, or a wide column for what belongs to an account. */
const rules = `body { display: flex; flex-direction: column; min-height: 100vh; min-height: 100dvh; overflow-wrap: break-word; }
main.container { flex: 1; max-width: 27.5rem; padding: 0 1rem; }
main.wide { max-width: 46rem; }
article { margin: 0; padding: 2rem; border: 1px solid var(--pico-card-border-color); border-radius: 1rem; }
article + article { margin-top: 1.5rem; }
article + :is(p, form) { margin-top: 1.25rem; }
.actions + p { margin-top: 1rem; }
h1 { margin: 0 0 1.25rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -0.015em; text-wrap: balance; }
h1:has(+ .lead) { margin-bottom: 0.375rem; }
.lead { margin-bottom: 1.5rem; color: var(--pico-muted-color); }
.site { margin-bottom: 1rem; color: var(--pico-h1-color); font-size: 1.5rem; font-weight: 600; overflow-wrap: anywhere; }
h2 { margin: 0 0 0.25rem; font-size: 1.0625rem; line-height: 1.35; }
.wide > h1 { margin-top: 0.5rem; }
.muted, small { color: var(--pico-muted-color); }
small { font-size: 0.875rem; }
article > :last-child, article > form:last-child > :last-child, .wide > :last-child { margin-bottom: 0; }

/* Whose service it is */
body > header { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1.5rem; width: 100%; max-width: 27.5rem; margin: 0 auto; padding: 8vh 1rem 1.25rem; }
body > header:has(nav) { max-width: 46rem; padding-block: 1.25rem; }
.brand { display: flex; align-items: center; gap: 0.625rem; margin-inline: auto; color: var(--pico-h1-color); font-weight: 600; font-size: 1.0625rem; text-decoration: none; min-width: 0; }
header:has(nav) .brand { margin-inline: 0 auto; }
.brand img { height: 2rem; width: auto; max-width: 10rem; }
body > header nav ul { flex-wrap: wrap; gap: 0.25rem 0.25rem; margin: 0; }
body > header nav li { padding: 0; }
body > header nav a { display: block; margin: 0; padding: 0.375rem 0.625rem; border-radius: var(--pico-border-radius); color: var(--pico-muted-color); text-decoration: none; font-size: 0.9375rem; }
body > header nav a:hover, body > header nav a[aria-current] { color: var(--pico-h1-color); }
body > header nav a[aria-current] { font-weight: 600; }

/* Forms */
label { margin: 0 0 0.25rem; font-weight: 500; font-size: 0.9375rem; }
input:not([type='checkbox'], [type='radio']), select, textarea { margin-bottom: 1.125rem; }
input[readonly] { background: var(--pico-background-color); color: var(--pico-muted-color); }
.secret-field { position: relative; margin-bottom: 1.125rem; }
.secret-field input { margin: 0; }
.secret-field:has(button) { --pico-icon-invalid: none; }
.secret-field:has(button) input { padding-inline-end: 3rem !important; }
.secret-field button { --eye: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23000' stroke-width='1.75' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='M1.5 12S5.5 5 12 5s10.5 7 10.5 7-4 7-10.5 7S1.5 12 1.5 12Z'/%3E%3Ccircle cx='12' cy='12' r='3'/%3E%3C/svg%3E"); position: absolute; inset-block: 0; inset-inline-end: 0; width: 2.75rem; margin: 0; padding: 0; border: 0; background: none; box-shadow: none; color: var(--pico-muted-color); }
.secret-field button.hide { --eye: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23000' stroke-width='1.75' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='M1.5 12S5.5 5 12 5s10.5 7 10.5 7-4 7-10.5 7S1.5 12 1.5 12Z'/%3E%3Ccircle cx='12' cy='12' r='3'/%3E%3Cpath d='M4 20 20 4'/%3E%3C/svg%3E"); }
.secret-field button:hover { color: var(--pico-h1-color); }
.secret-field button::before { content: ''; position: absolute; inset: 0; background: currentColor; -webkit-mask: var(--eye) center / 1.25rem no-repeat; mask: var(--eye) center / 1.25rem no-repeat; forced-color-adjust: none; }
.secret-field span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:is(input, .secret-field) + small { display: block; margin: -0.75rem 0 1.125rem; }
:is(input, .secret-field) + small ~ small { display: block; margin: -0.875rem 0 1.125rem; }
[data-told]:empty { margin: 0; }
.passkey { margin-top: 0.75rem; }
.passkey button { width: 100%; --pico-form-element-spacing-vertical: 0.75rem; font-weight: 600; line-height: 1.25; }
.passkey small { display: block; margin: 0.75rem 0 0; }
small[id$='-error'] { color: var(--danger, var(--pico-del-color)); }
label:has([type='checkbox'], [type='radio']) { display: flex; gap: 0.625rem; align-items: start; margin-bottom: 1.125rem; font-weight: 400; cursor: pointer; }
label [type='checkbox'], label [type='radio'] { flex: none; margin: 0.125rem 0 0; }
label.inline { margin: 0; }
fieldset { margin-bottom: 1.125rem; }
legend { margin-bottom: 0.375rem; font-weight: 500; font-size: 0.9375rem; }
.field-head { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; column-gap: 1rem; }
.field-head a { font-size: 0.875rem; }
button, [type='submit'], a[role='button'] { margin-bottom: 0; font-weight: 600; line-height: 1.25; --pico-form-element-spacing-vertical: 0.75rem; }
a[role='button'] { display: block; }
form + form, form + .beside, .beside { margin-top: 0.75rem; }
form { margin-bottom: 0; }
.outline.secondary { --pico-color: var(--pico-h1-color); }
.danger { --pico-background-color: transparent; --pico-border-color: var(--danger); --pico-color: var(--danger); }
.danger:is(:hover, :active, :focus) { --pico-background-color: color-mix(in srgb, var(--danger) 8%, transparent); --pico-border-color: var(--danger); --pico-color: var(--danger); }
.beside { text-align: center; font-size: 0.9375rem; }
.after { margin-top: 1.5rem; padding-top: 1.25rem; border-top: 1px solid var(--pico-muted-border-color); font-size: 0.9375rem; text-align: center; }
.actions { display: flex; flex-wrap: wrap; gap: 0.75rem; }
.actions > * { margin: 0; }
.actions button, .actions [type='submit'], .actions a[role='button'], .small { width: auto; --pico-form-element-spacing-vertical: 0.5rem; font-size: 0.9375rem; }
:is(a, button, input, [tabindex], summary):focus-visible { outline: 2px solid var(--pico-primary); outline-offset: 2px; }

/* What is told */
[role='alert'], [role='status'] { --tone: var(--pico-primary); margin-bottom: 1.25rem; border: 1px solid color-mix(in srgb, var(--tone) 35%, transparent); border-radius: var(--pico-border-radius); background: color-mix(in srgb, var(--tone) 8%, transparent); padding: 0.625rem 0.875rem; color: var(--pico-h1-color); font-size: 0.9375rem; }
[role='alert'] { --tone: var(--danger, var(--pico-del-color)); }
[role='status'].done { --tone: var(--success, var(--pico-ins-color)); }
code.secret { display: block; margin-bottom: 1.25rem; padding: 0.75rem 0.875rem; overflow-wrap: anywhere; font-size: 0.9375rem; color: var(--pico-h1-color); }

.qr-code svg { display: block; width: 100%; max-width: 13rem; height: auto; margin: 0 auto 1.25rem; border-radius: var(--pico-border-radius); }
ul.codes { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 0.375rem 1rem; margin: 0 0 1.25rem; padding: 0; }
ul.codes > li { margin: 0; list-style: none; text-align: center; }
ul.codes code { color: var(--pico-h1-color); font-size: 0.9375rem; }

/* Lists of what somebody has */
ul.rows { margin: 0; padding: 0; }
ul.rows > li { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.25rem 1rem; margin: 0; padding: 0.875rem 0; border-top: 1px solid var(--pico-muted-border-color); list-style: none; }
ul.rows > li:first-child { border-top: 0; }
article > ul.rows:first-child > li:first-child { padding-top: 0; }
ul.rows > li:last-child { padding-bottom: 0; }
ul.rows > li > :first-child { flex: 1 1 14rem; min-width: 0; }
ul.rows + .actions { margin-top: 1.125rem; }
ul.rows strong { display: block; color: var(--pico-h1-color); font-weight: 600; overflow-wrap: anywhere; }
ul.rows small { display: block; overflow-wrap: anywhere; }
.mark { display: inline-block; margin-inline-start: 0.375rem; padding: 0 0.5rem; border-radius: 1rem; background: color-mix(in srgb, var(--success, var(--pico-ins-color)) 12%, transparent); color: var(--success, var(--pico-ins-color)); font-size: 0.8125rem; font-weight: 500; }
.empty { padding: 1.5rem 0 0.5rem; text-align: center; color: var(--pico-muted-color); }
ul.applications { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); gap: 1rem; margin: 0 0 1.5rem; padding: 0; }
ul.applications > li { margin: 0; list-style: none; }
ul.applications a { display: flex; gap: 0.875rem; height: 100%; padding: 1.125rem; border: 1px solid var(--pico-card-border-color); border-radius: 0.875rem; background: var(--pico-card-background-color); box-shadow: var(--pico-card-box-shadow); color: var(--pico-color); text-decoration: none; }
ul.applications a:hover { border-color: var(--pico-primary); }
ul.applications img, ul.applications .letter { flex: none; width: 2.5rem; height: 2.5rem; border-radius: 0.625rem; object-fit: contain; }
ul.applications .letter { display: grid; place-items: center; background: color-mix(in srgb, var(--pico-primary) 12%, transparent); color: var(--pico-primary); font-weight: 600; font-size: 1.125rem; }
ul.applications strong { display: block; color: var(--pico-h1-color); font-weight: 600; }
ul.applications span:last-child { min-width: 0; overflow-wrap: anywhere; }

/* Tables */
caption { margin-bottom: 0.5rem; text-align: start; font-weight: 600; color: var(--pico-h2-color); }
td, th { vertical-align: top; }

/* More about the service, and its languages */
body > footer { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: center; gap: 0.25rem 1.5rem; width: 100%; max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 2rem; font-size: 0.875rem; }
body > footer ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0; padding: 0; }
body > footer li { margin: 0; list-style: none; }
body > footer a { color: var(--pico-muted-color); }
body > footer nav { display: block; }
body > footer form { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: center; gap: 0 0.25rem; margin: 0; }
body > footer strong, body > footer [type='submit'] { width: auto; margin: 0; border: 0; padding: 0.25rem 0.375rem; background: none; color: var(--pico-muted-color); font-size: 0.875rem; font-weight: 400; box-shadow: none; }
body > footer strong { color: var(--pico-h1-color); font-weight: 600; }
body > footer [type='submit'] { text-decoration: underline; text-decoration-color: color-mix(in srgb, currentColor 45%, transparent); text-underline-offset: 0.15em; }

@media (max-width: 30rem) {
  body > header { padding-top: 1.75rem; }
  article { padding: 1.5rem 1.25rem; }
  ul.applications { gap: 0.75rem; }
}
`
