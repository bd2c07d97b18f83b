/** The rules that an organization's own schemas set for changes of attributes (RFC 7643 section 7). Pure. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { ExtensionAttribute, User } from '../../proto/gen/userstore/v1/user.js';
import { DomainError } from './domain-error.js';
import { fold } from './fields.js';

const nameOf = ({ schema = '', name = '' }: ExtensionAttribute): string => fold(`${schema}:${name}`);

/** Returns the extension attributes, as they were before, that a change removes or gives another value. */
export function changedExtensions(before: User, after: User): ExtensionAttribute[] {
  const now = new Map(after.extensionAttributes.map((attribute) => [nameOf(attribute), attribute.valueJson]));
  return before.extensionAttributes.filter((attribute) => now.get(nameOf(attribute)) !== attribute.valueJson);
}

/**
 * Applies the organization's schemas to a change, in place. With `keepsOmitted`, restores an omitted attribute that is
 * immutable or returned only on request: a client that sends back the user it received does not mean to clear it.
 * Throws ATTRIBUTE_IMMUTABLE.
 */
export function applySchemas(
  changed: readonly ExtensionAttribute[],
  after: User,
  schemas: readonly ExtensionSchema[],
  keepsOmitted: boolean,
): void {
  const definitions = new Map(
    schemas.flatMap(({ id, attributes }) => attributes.map((one) => [fold(`${id}:${one.name}`), one])),
  );
  const now = new Set(after.extensionAttributes.map(nameOf));
  for (const attribute of changed) {
    const { immutable = false, returnedOnRequest = false } = definitions.get(nameOf(attribute)) ?? {};
    if (keepsOmitted && (immutable || returnedOnRequest) && !now.has(nameOf(attribute))) {
      after.extensionAttributes.push({ ...attribute });
    } else if (immutable) {
      const field = `${attribute.schema}:${attribute.name}`;
      const message = 'The attribute is set and cannot be changed any more.';
      throw new DomainError(ErrorReason.ERROR_REASON_ATTRIBUTE_IMMUTABLE, message, field);
    }
  }
}
