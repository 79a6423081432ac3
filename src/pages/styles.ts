/** Where the style sheets are served. */
export const styleSheetPaths = { pico: '/assets/pico.min.css', own: '/assets/gatehouse.css' }

/** The few rules that are ours: one narrow column in the middle, quiet headings, errors that stand out. */
export const ownStyles = `main.container { max-width: 24rem; padding-top: 8vh; }
h1 { font-size: 1.25rem; margin: 0; }
article > form:not(:last-child) { margin-bottom: 1rem; }
article > :last-child, article > form > :last-child { margin-bottom: 0; }
main.wide { max-width: 60rem; }
article a[role='button'] { display: block; }
article > form + form { margin-top: var(--pico-spacing); }
input + small.hint { color: var(--pico-muted-color); }
[role='alert'], [role='status'] {
  --accent: var(--pico-del-color);
  border-inline-start: 0.25rem solid var(--accent);
  background: color-mix(in srgb, var(--accent) 10%, transparent);
  padding: 0.5rem 0.75rem;
}
[role='status'] { --accent: var(--pico-primary); }
footer nav { justify-content: center; padding: 0 1rem 2rem; font-size: 0.875rem; }
footer nav form { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; align-items: center; margin: 0; }
footer nav strong, footer nav button { width: auto; margin: 0; padding: 0.25rem; font-size: inherit; font-weight: normal; }
footer nav strong { color: var(--pico-muted-color); }
footer nav button { border-color: transparent; background: none; color: var(--pico-primary); text-decoration: underline; }
`
