/** The settings of an organization that decide how the edge reads a request. */
import type { ExtensionSchema, HeldAttribute } from '../../proto/gen/userstore/v1/extension_schema.js';
import { badRequest } from './scim-error.js';

/** The settings. */
export interface Settings {
  /**
   * Follow the RFCs to the letter: refuse attributes without a schema, values of another type than their attribute
   * (strict.ts), and a replace of a list value that does not exist. Otherwise the edge is tolerant: docs/quirks.md.
   */
  strictSchemas: boolean;
  /** The organization's own schemas. */
  extensionSchemas: readonly ExtensionSchema[];
  /** The attributes of extensions that users of the organization have or had. */
  heldAttributes?: readonly HeldAttribute[];
}

/** The default settings. */
export const DEFAULT_SETTINGS: Settings = { strictSchemas: false, extensionSchemas: [] };

/** Ignores a name without a schema, or refuses it if the organization is strict. Throws invalidSyntax. */
export function ignoreUnknown(name: string, { strictSchemas }: Settings): void {
  if (!strictSchemas) return;
  const detail = `"${name}" is in none of the schemas of this organization, which is set to refuse such attributes.`;
  throw badRequest('invalidSyntax', detail);
}
