/** Attributes of extensions that an organization's own schemas let be set once only (RFC 7643 section 7). Pure. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { ExtensionAttribute, User } from '../../proto/gen/userstore/v1/user.js';
import { DomainError } from './errors.js';
import { fold } from './fields.js';

const nameOf = ({ schema = '', name = '' }: ExtensionAttribute): string => fold(`${schema}:${name}`);

/** The attributes of extensions that a change takes away or gives another value. */
export function changedExtensions(before: User, after: User): ExtensionAttribute[] {
  const now = new Map(after.extensionAttributes.map((attribute) => [nameOf(attribute), attribute.valueJson]));
  return before.extensionAttributes.filter((attribute) => now.get(nameOf(attribute)) !== attribute.valueJson);
}

/**
 * Holds a change to what is immutable. What it leaves out is put back where `keepsOmitted`, as a PUT may lack attributes
 * without meaning to clear them. Throws ATTRIBUTE_IMMUTABLE.
 */
export function holdImmutable(
  changed: readonly ExtensionAttribute[],
  after: User,
  schemas: readonly ExtensionSchema[],
  keepsOmitted: boolean,
): void {
  const immutable = new Set(
    schemas.flatMap(({ id, attributes }) =>
      attributes.filter((attribute) => attribute.immutable).map(({ name }) => fold(`${id}:${name}`)),
    ),
  );
  const now = new Set(after.extensionAttributes.map(nameOf));
  for (const attribute of changed.filter((one) => immutable.has(nameOf(one)))) {
    if (keepsOmitted && !now.has(nameOf(attribute))) after.extensionAttributes.push({ ...attribute });
    else {
      const field = `${attribute.schema}:${attribute.name}`;
      const message = 'The attribute is set and cannot be changed any more.';
      throw new DomainError(ErrorReason.ERROR_REASON_ATTRIBUTE_IMMUTABLE, message, field);
    }
  }
}
