/**
 * The one spelling under which an address is stored, looked up and counted: Unicode-normalised and lower case, so that
 * no second spelling opens a second account or a second attempt counter (CVE-2025-24806, GHSA-7rqj-j65f-68wh).
 */
export function canonicalEmail(address: string): string {
  return address.normalize('NFKC').trim().toLowerCase()
}
