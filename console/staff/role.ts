/** The roles of LeaseHawk's staff, and the acts that each role may do. Pure. */

/** The roles, from the least to the most powerful. A viewer changes nothing. */
export const ROLES = ['viewer', 'support', 'admin'] as const;
/** A role. It is also the role of the service account with which the console calls userstore for the person. */
export type Role = (typeof ROLES)[number];

/** A member of the staff who is signed in. */
export interface Staff {
  /** The name that the log of events contains: the e-mail address, or the subject of the identity provider. */
  name: string;
  role: Role;
}

/** Returns whether a role includes the rights of another. */
export const includes = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed);

/** The groups of the identity provider that give each role. */
export type RoleGroups = Record<Role, readonly string[]>;

/** Returns the most powerful role that one of these groups gives; undefined if none gives one. */
export const roleOf = (groups: readonly string[], byRole: RoleGroups): Role | undefined =>
  ROLES.findLast((role) => byRole[role].some((group) => groups.includes(group)));
