/** Where a resource is and what it says of itself (RFC 7643 section 3.1, `meta`). */
import type { JsonObject } from './json.js';
import type { ResourceType } from './resource-types.js';

/** What userstore says of every resource. */
export interface Stored {
  id: string;
  etag: string;
  createTime?: Date | undefined;
  updateTime?: Date | undefined;
}

/** The address of a resource; `baseUrl` is that of its organization. */
export const locationOf = ({ endpoint }: ResourceType, id: string, baseUrl: string): string =>
  `${baseUrl}${endpoint}/${id}`;

/** The `meta` of a resource. */
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
