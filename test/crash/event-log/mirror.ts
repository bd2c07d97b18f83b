/** The state that a watcher of events builds from them alone, and what was wrong with their order. */
import type { Event } from '../../../proto/gen/userstore/v1/event.js';

/** The values of a user and a group that the checker compares. */
export interface State {
  users: { id: string; title: string | undefined; active: boolean | undefined }[];
  groups: { id: string; displayName: string | undefined; members: string[] }[];
}

interface SeenUser {
  title: string | undefined;
  active: boolean | undefined;
}

const byText = (a: string, b: string) => a.localeCompare(b);
const byId = (a: { id: string }, b: { id: string }) => byText(a.id, b.id);

/** Returns a state in one order, with the members that are users. */
export function ordered({ users, groups }: State): State {
  const ids = new Set(users.map(({ id }) => id));
  const memberOnce = (members: string[]) => [...new Set(members)].filter((id) => ids.has(id)).toSorted(byText);
  return {
    users: users.toSorted(byId),
    groups: groups.map((group) => ({ ...group, members: memberOnce(group.members) })).toSorted(byId),
  };
}

/** A watcher's state. */
export class Mirror {
  readonly users = new Map<string, SeenUser>();
  readonly groups = new Map<string, { displayName: string | undefined; members: Set<string> }>();
  /** The newest version of each user and group. */
  readonly versions = new Map<string, number>();
  /** The title of each version of each user, and the ids of those that were deleted. */
  readonly titles = new Map<string, string | undefined>();
  readonly deleted = new Set<string>();
  readonly faults: string[] = [];
  checkpoint: string | undefined;
  private readonly ids = new Set<string>();

  /** `isListed`: it began with a list, whose changes come again as events. */
  constructor(private readonly isListed = false) {}

  /** Returns the number of events. */
  get size(): number {
    return this.ids.size;
  }

  apply(event: Event): void {
    const { id, resourceId, resourceVersion: version, resourceType } = event;
    if (this.ids.has(id)) this.faults.push(`${id} came twice`);
    this.ids.add(id);
    if (resourceType !== 'User' && resourceType !== 'Group') return;
    const newest = this.versions.get(resourceId) ?? 0;
    if (this.isListed && version <= newest && resourceType === 'User') return;
    if (version < newest) this.faults.push(`${id} came after version ${newest}`);
    // A change of members takes several writes of a group, of which the last ones have events.
    // A user that was deleted before the users were listed is not in the list, but has events after its cursor.
    else if (resourceType === 'User' && version !== newest + 1 && !(this.isListed && newest === 0))
      this.faults.push(`${id} came after version ${newest}`);
    this.versions.set(resourceId, Math.max(version, newest));
    if (resourceType === 'User') this.applyUser(event);
    else this.applyGroup(event);
  }

  private applyUser({ resourceId, resourceVersion, resource }: Event): void {
    if (resource?.$case === 'user') {
      const { title, active } = resource.value;
      this.users.set(resourceId, { title, active });
      this.titles.set(`${resourceId}/${resourceVersion}`, title);
      return;
    }
    this.users.delete(resourceId);
    this.deleted.add(resourceId);
    for (const { members } of this.groups.values()) members.delete(resourceId);
  }

  private applyGroup({ resourceId, resource, addedMemberIds, removedMemberIds }: Event): void {
    if (resource?.$case !== 'group') {
      this.groups.delete(resourceId);
      this.deleted.add(resourceId);
      return;
    }
    const members = this.groups.get(resourceId)?.members ?? new Set<string>();
    for (const id of addedMemberIds) members.add(id);
    for (const id of removedMemberIds) members.delete(id);
    this.groups.set(resourceId, { displayName: resource.value.displayName, members });
  }

  /** Returns the state. */
  state(): State {
    return ordered({
      users: [...this.users].map(([id, user]) => ({ id, ...user })),
      groups: [...this.groups].map(([id, { displayName, members }]) => ({ id, displayName, members: [...members] })),
    });
  }
}
