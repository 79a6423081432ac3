import {
  AndFilter,
  ApproximateFilter,
  EqualityFilter,
  ExtensibleFilter,
  type Filter,
  GreaterThanEqualsFilter,
  LessThanEqualsFilter,
  NotFilter,
  OrFilter,
  PresenceFilter,
  SubstringFilter,
} from 'ldapts'
import type { DirectoryFilter } from '../../core/directory-filter.ts'

/** The library's filter of one that was read. */
export function toFilter(read: DirectoryFilter): Filter {
  switch (read.kind) {
    case 'and':
      return all(read.filters.map(toFilter))
    case 'or':
      return any(read.filters.map(toFilter))
    case 'not':
      return new NotFilter({ filter: toFilter(read.filter) })
    case 'present':
      return new PresenceFilter(read)
    case 'equal':
      return equal(read.attribute, read.value)
    case 'greater':
      return new GreaterThanEqualsFilter(read)
    case 'less':
      return new LessThanEqualsFilter(read)
    case 'approx':
      return new ApproximateFilter(read)
    case 'substrings':
      return new SubstringFilter({ ...read, any: [...read.any] })
    case 'rule': {
      const { attribute: matchType, rule, value, isDnIncluded: dnAttributes } = read
      return new ExtensibleFilter({ matchType, rule, value, dnAttributes })
    }
  }
}

/** Compares with the value as it is: a filter object is never read as text. */
export const equal = (attribute: string, value: string | Buffer): Filter => new EqualityFilter({ attribute, value })
export const all = (filters: Filter[]): Filter => new AndFilter({ filters })
export const any = (filters: Filter[]): Filter => new OrFilter({ filters })

/** The rule of Active Directory that goes up through groups of groups ([MS-ADTS] §3.1.1.3.4.4.3). */
export const inChain = (attribute: string, dn: string): Filter =>
  new ExtensibleFilter({ matchType: attribute, rule: '1.2.840.113556.1.4.1941', value: dn })
