/** The `meta` of a resource and its address (RFC 7643 section 3.1). */
import type { JsonObject } from './json.js';
import type { ResourceType } from './resource-types.js';

/** The properties that userstore keeps of every resource. */
export interface Stored {
  id: string;
  etag: string;
  createTime?: Date | undefined;
  updateTime?: Date | undefined;
}

/** Returns the address of a resource; `baseUrl` is the organization's. */
export const locationOf = ({ endpoint }: ResourceType, id: string, baseUrl: string): string =>
  `${baseUrl}${endpoint}/${id}`;

/** Renders the `meta` of a resource. */
export const metaOf = (
  type: ResourceType,
  { id, etag, createTime, updateTime }: Stored,
  baseUrl: string,
): JsonObject => ({
  resourceType: type.name,
  created: createTime?.toISOString(),
  lastModified: updateTime?.toISOString(),
  location: locationOf(type, id, baseUrl),
  version: etag,
});
