/** The rules for storing a group: normal form, limits, equality and update masks (AIP-134). Pure. */
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import { invalidField } from './domain-error.js';
import { GROUP_FIELDS, valuesOf } from './fields.js';
import { checkLimits, checkName } from './user.js';

/** A group without members, as its client describes it. */
export type GroupValues = Pick<Group, 'displayName' | 'externalId'>;

/** The key that finds one group. */
export interface GroupKey {
  organizationId: string;
  groupId: string;
}

/** The setters of the fields that an update mask can name. */
const SETTERS: Record<string, (to: GroupValues, from: GroupValues) => void> = {
  display_name(to, from) {
    to.displayName = from.displayName;
  },
  external_id(to, from) {
    to.externalId = from.externalId;
  },
};

/** Returns the group in normal form, with the fields of `mask` taken from `given`. Throws FIELD_INVALID. */
export function withFields(group: Group, given: GroupValues, mask: readonly string[]): Group {
  const next = { ...group };
  for (const name of mask) {
    const setters = name === '*' ? Object.values(SETTERS) : [Object.hasOwn(SETTERS, name) ? SETTERS[name] : undefined];
    for (const set of setters) {
      if (!set) throw invalidField('update_mask', `A group has no field ${name}.`);
      set(next, given);
    }
  }
  return normalize(next);
}

/** Normalizes a group: an empty text means "no value", as for users. */
export const normalize = (group: Group): Group => ({
  ...group,
  displayName: group.displayName || undefined,
  externalId: group.externalId || undefined,
});

/** Checks a group in normal form. Throws FIELD_INVALID naming the first field that cannot be stored. */
export function validate(group: Group): void {
  checkName(group.displayName, 'display_name', 'display name');
  checkLimits(valuesOf(group), GROUP_FIELDS);
}

/** Returns whether two groups in normal form hold the same values. */
export const isSame = (one: GroupValues, other: GroupValues): boolean =>
  one.displayName === other.displayName && one.externalId === other.externalId;
