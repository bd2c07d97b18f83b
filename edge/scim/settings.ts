/** The settings of an organization that decide how the edge reads a request. */
import type { ExtensionSchema, HeldAttribute } from '../../proto/gen/userstore/v1/extension_schema.js';
import { badRequest } from './scim-error.js';

/** The settings. */
export interface Settings {
  /** Refuse attributes without a schema. Otherwise the edge ignores them or, in an extension, keeps them unchanged. */
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
