/** `sortBy` and `sortOrder` (RFC 7644 section 3.4.2.3) → the contract's order. */
import type { Order } from '../../proto/gen/userstore/v1/user_service.js';
import { type Attribute, attributeNamed, contractNameOf } from './attributes.js';
import { parseNotation } from './notation.js';
import { type ResourceType, USER } from './resource-types.js';
import { badRequest } from './scim-error.js';

const COMMON = new Map([
  ['id', 'id'],
  ['meta.created', 'create_time'],
  ['meta.lastmodified', 'update_time'],
]);

/** Parses the order of a query; undefined if it names none. Throws invalidValue. */
export const parseOrder = (sortBy: unknown, sortOrder: unknown, type: ResourceType = USER): Order | undefined =>
  parseOrders(sortBy, sortOrder, [type])[0];

/**
 * Parses the order of a query about several types, for each; undefined for a type that lacks the attribute. Throws
 * invalidValue, also if all lack it.
 */
export function parseOrders(
  sortBy: unknown,
  sortOrder: unknown,
  types: readonly ResourceType[],
): (Order | undefined)[] {
  const direction = sortOrder === undefined || sortOrder === null ? 'ascending' : String(sortOrder).toLowerCase();
  if (direction !== 'ascending' && direction !== 'descending') {
    throw badRequest('invalidValue', '"sortOrder" must be "ascending" or "descending".');
  }
  if (sortBy === undefined || sortBy === null || sortBy === '') return types.map(() => undefined);
  const fields = types.map((type) => (typeof sortBy === 'string' ? fieldOf(sortBy, type) : undefined));
  if (fields.every((field) => field === undefined)) {
    const plurals = types.map(({ plural }) => plural).join(' and ');
    throw badRequest('invalidValue', `${plurals} cannot be sorted by "${String(sortBy).slice(0, 100)}".`);
  }
  const descending = direction === 'descending';
  return fields.map((field) => (field === undefined ? undefined : { field, descending }));
}

function fieldOf(sortBy: string, type: ResourceType): string | undefined {
  const named = parseNotation(sortBy.trim(), [], type);
  switch (named?.kind) {
    case 'attribute':
      return comparable(named.attribute, named.contract);
    case 'elements':
      return `${named.contract}.${contractNameOf(named.sub)}`;
    case 'readOnly':
      return COMMON.get(named.path.toLowerCase());
    default:
      return undefined;
  }
}

/** Returns the sort field of an attribute. A list, or the manager, sorts by its value. */
function comparable(attribute: Attribute, contract: string): string | undefined {
  if (attribute.type !== 'complex') return contract;
  return attributeNamed(attribute.subAttributes ?? [], 'value') ? `${contract}.value` : undefined;
}
