/** How an organization wants its requests read. */
import type { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import { badRequest } from './scim-error.js';

/** What of an organization's settings decides how a request is read. */
export interface Settings {
  /** What no schema has is refused. Otherwise it is passed over or, in an extension, kept as it came. */
  strictSchemas: boolean;
  /** The organization's own schemas. */
  extensionSchemas: readonly ExtensionSchema[];
}

/** An organization without wishes. */
export const DEFAULT_SETTINGS: Settings = { strictSchemas: false, extensionSchemas: [] };

/** Passes over a name that no schema has, or refuses it where the organization wants that. Throws invalidSyntax. */
export function ignoreUnknown(name: string, { strictSchemas }: Settings): void {
  if (!strictSchemas) return;
  const detail = `"${name}" is in none of the schemas of this organization, which is set to refuse such attributes.`;
  throw badRequest('invalidSyntax', detail);
}
