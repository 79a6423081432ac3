import { type Child, type Html, html } from './html.ts'

interface Table {
  /** Tells the table from the other ones of its page. */
  id: string
  caption: string
  columns: readonly string[]
  /** As many cells as there are columns; the first one names its row. */
  rows: readonly (readonly [Child, ...Child[]])[]
  /** What is said in place of the table where there are no rows. */
  empty: string
}

/** A table with its caption. Where it is wider than the page it scrolls by itself, by keyboard too, and the page does not. */
export function table({ id, caption, columns, rows, empty }: Table): Html {
  if (rows.length === 0) return html`<p>${empty}</p>`
  return html`<div class="overflow-auto" role="region" aria-labelledby="${id}" tabindex="0">
    <table>
      <caption id="${id}">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([first, ...others]) =>
            html`<tr>
              <th scope="row">${first}</th>
              ${others.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}
