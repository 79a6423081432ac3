/** The address of a page that takes along where somebody wants to go on; the page for signing in says whether they may. */
export function withWayBack(page: string, returnTo: string | undefined): string {
  return returnTo === undefined ? page : `${page}?return_to=${encodeURIComponent(returnTo)}`
}
