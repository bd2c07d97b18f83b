/** The table of encoded-users.ts: each stored field of a user with its place in Protocol Buffers. */
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { entriesOf, type Field, type Fields, USER_FIELDS } from '../model/fields.js';

type Kind = 'text' | 'flag' | 'message' | 'list' | 'time' | 'version';

/** Where a stored field goes. `means` tells the values apart that rules need, too. */
export interface Place {
  /** The stored name. */
  name: Uint8Array;
  kind: Kind;
  /** The number of the field and the form of its value, as Protocol Buffers write both before the value. */
  tag: number;
  fields: Places;
  means: 'id' | 'managerId' | undefined;
}

/** Places by the hashes of their stored names. */
export type Places = ReadonlyMap<number, Place>;

/** A path through the generated types. */
type Path = readonly string[];

/** A value of each kind that is encoded even where absent values have a default. */
const PROBES: Readonly<Record<Kind, unknown>> = {
  text: 'x',
  flag: true,
  message: {},
  list: {},
  time: new Date(1),
  version: 'x',
};

/** The places of the fields of a document. Those that are not in the table are not in the contract either. */
export const PLACES: Places = byHash([
  { ...place('_id', ['id'], 'text'), means: 'id' },
  place('organizationId', ['organizationId'], 'text'),
  place('version', ['etag'], 'version'),
  place('createTime', ['createTime'], 'time'),
  place('updateTime', ['updateTime'], 'time'),
  place('locked', ['locked'], 'message', [
    place('time', ['locked', 'time'], 'time'),
    place('by', ['locked', 'by'], 'text'),
    place('reason', ['locked', 'reason'], 'text'),
  ]),
  ...placesIn(USER_FIELDS, []),
]);

function placesIn(fields: Fields, above: Path): Place[] {
  return entriesOf(fields).map(([name, field]) => {
    const path = [...above, name];
    const isManager = path.join('.') === 'enterprise.manager.value';
    return { ...place(name, path, field.kind, below(field, path)), ...(isManager ? { means: 'managerId' } : {}) };
  });
}

function below(field: Field, path: Path): Place[] {
  return 'fields' in field ? placesIn(field.fields, path) : [];
}

function place(stored: string, path: Path, kind: Kind, fields: Place[] = []): Place {
  return { name: Buffer.from(stored), kind, tag: tagAt(path, kind), fields: byHash(fields), means: undefined };
}

/** Returns the tag of the field at a path. Generated code alone knows it: it encodes a user with this field alone. */
function tagAt(path: Path, kind: Kind): number {
  const isList = (name: string) => (USER_FIELDS as Fields)[name]?.kind === 'list';
  const user = path.reduceRight<unknown>(
    (value, name, depth) => ({ [name]: depth === 0 && isList(name) ? [value] : value }),
    PROBES[kind],
  );
  const reader = new BinaryReader(User.encode(User.fromPartial(user as Partial<User>)).finish());
  for (let depth = 1; depth < path.length; depth++) {
    reader.uint32();
    reader.uint32();
  }
  return reader.uint32();
}

function byHash(places: readonly Place[]): Places {
  const found = new Map(places.map((one) => [one.name.reduce(nextHash, 0), one]));
  if (found.size < places.length) throw new Error('two stored names of a user have the same hash');
  return found;
}

/** Returns the hash of a name with one more byte. */
export function nextHash(hash: number, byte: number): number {
  return (hash * 31 + byte) | 0;
}
