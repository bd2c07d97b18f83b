/**
 * The names of the users and groups that activities are about, which may be deleted. `deadline` (epoch milliseconds)
 * bounds every call.
 */
import type { mongo } from 'mongoose';
import { type Change, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import type { Collections } from './collections.js';
import { within } from './connect.js';
import { TOMBSTONE_ORGANIZATION } from './documents.js';

/** A user or group by its organization and id. */
export interface Subject {
  organizationId: string;
  id: string;
}

/** The attribute with the name, in documents and in changes. */
type NameField = 'userName' | 'displayName';

/** A document as far as its name needs it. */
interface NamedDocument {
  _id: string;
  organizationId: string;
  userName?: string;
  displayName?: string;
  removedFrom?: string;
  unmoved?: Change[];
}

/** The storage of names. */
export type ActivityNames = ReturnType<typeof createActivityNames>;

/** Returns the name of a user or group; undefined if it is not known. */
export type NameOf = (organizationId: string, id: string | undefined) => string | undefined;

/** Creates the reader of names. */
export function createActivityNames({ users, groups, changes }: Pick<Collections, 'users' | 'groups' | 'changes'>) {
  const read = async (
    collection: mongo.Collection<NamedDocument>,
    field: NameField,
    subjects: readonly Subject[],
    deadline: number,
  ): Promise<NameOf> => {
    const names = new Map<string, string>();
    const unnamed = () => subjects.filter((subject) => !names.has(keyOf(subject)));
    const add = (organizationId = '', id = '', name: string | undefined) =>
      name === undefined ? undefined : names.set(keyOf({ organizationId, id }), name);
    const nameOf: NameOf = (organizationId, id = '') => names.get(keyOf({ organizationId, id }));
    if (subjects.length === 0) return nameOf;
    const projection = { organizationId: 1, [field]: 1 };
    const live = { projection, batchSize: subjects.length + 1, ...within(deadline) };
    for await (const document of collection.find(conditionOf('_id', subjects), live)) {
      add(document.organizationId, document._id, document[field]);
    }
    // A flush stores the changes of a tombstone before it deletes the tombstone: this order misses no deletion.
    for (const source of [tombstonesOf(collection), deletionsIn(changes, field)]) {
      if (unnamed().length === 0) break;
      for (const { organizationId, id, history } of await source(unnamed(), deadline)) {
        add(organizationId, id, lastName(history, field));
      }
    }
    return nameOf;
  };
  return {
    /** Returns the names of these users, as far as their history is stored. */
    ofUsers: (subjects: readonly Subject[], deadline: number) =>
      read(users as unknown as mongo.Collection<NamedDocument>, 'userName', subjects, deadline),
    /** Returns the names of these groups, as far as their history is stored. */
    ofGroups: (subjects: readonly Subject[], deadline: number) =>
      read(groups as unknown as mongo.Collection<NamedDocument>, 'displayName', subjects, deadline),
  };
}

/** Returns the key of a user or group in a map. */
const keyOf = ({ organizationId, id }: Subject): string => `${organizationId} ${id}`;

/** The changes of a deleted user or group. */
interface Deleted extends Subject {
  history: readonly Change[];
}

type DeletedSource = (subjects: readonly Subject[], deadline: number) => Promise<Deleted[]>;

const tombstonesOf =
  (collection: mongo.Collection<NamedDocument>): DeletedSource =>
  async (subjects, deadline) => {
    const query = { ...conditionOf('_id', subjects), organizationId: TOMBSTONE_ORGANIZATION };
    const found = await collection.find(query, within(deadline)).toArray();
    return found.map(({ _id: id, removedFrom: organizationId = '', unmoved: history = [] }) => ({
      organizationId,
      id,
      history,
    }));
  };

const deletionsIn =
  (changes: Collections['changes'], field: NameField): DeletedSource =>
  async (subjects, deadline) => {
    const of = conditionOf(field === 'userName' ? 'userId' : 'groupId', subjects);
    const found = await changes.find({ ...of, kind: Change_Kind.KIND_DELETE }, within(deadline)).toArray();
    return found.map((change) => ({
      organizationId: change.organizationId,
      id: change.groupId ?? change.userId,
      history: [change as unknown as Change],
    }));
  };

const conditionOf = <K extends '_id' | 'userId' | 'groupId'>(key: K, subjects: readonly Subject[]) =>
  ({
    organizationId: { $in: [...new Set(subjects.map(({ organizationId }) => organizationId))] },
    [key]: { $in: [...new Set(subjects.map(({ id }) => id))] },
  }) as { organizationId: { $in: string[] } } & Record<K, { $in: string[] }>;

/** Returns the name that the newest of these changes has before or after. */
function lastName(changes: readonly Change[], field: NameField): string | undefined {
  for (const { attributes } of changes.toReversed()) {
    const { before, after } = attributes.find(({ name }) => name === field) ?? {};
    const name = textIn(after ?? before);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** Returns the text in a value of a change; undefined if it was cut. */
function textIn(json: string | undefined): string | undefined {
  try {
    const value: unknown = json === undefined ? undefined : JSON.parse(json);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
