export interface Role {
  name: string
  permissions: string[]
}

export interface StoredRole extends Role {
  /** Where it is defined. What stands in gatehouse.yaml is changed there alone. */
  source: 'file' | 'operator'
}

export interface RoleStore {
  /** False, and nothing changes, when there is such a role already. */
  create(role: Role): Promise<boolean>
  /** False when an operator has made no such role. Also tells the revocation feed. */
  setPermissions(name: string, permissions: string[]): Promise<boolean>
  /** Defines a role, whether or not it exists; false when it is the file's. Also tells the revocation feed. */
  put(role: Role): Promise<boolean>
  list(): Promise<StoredRole[]>
  /** Also takes it from everybody who holds it, and tells how many that were. Leaves a role of the file alone. */
  delete(name: string): Promise<{ deleted: boolean; holders: number }>
  /**
   * Makes these the roles of the file, in one transaction: those that it has no more go, while whoever held one still does
   * and gets nothing by it. Nothing changes, and the names are told, when an operator has made one of them.
   */
  replaceFileRoles(
    roles: readonly Role[],
  ): Promise<{ kind: 'replaced'; defined: Role[]; removed: string[] } | { kind: 'taken'; names: string[] }>
}
