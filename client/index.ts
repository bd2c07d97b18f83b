/** The package `@leasehawk/userstore`: what other services import. */
export type { Actor } from '../proto/gen/userstore/v1/actor.js';
export { ErrorReason } from '../proto/gen/userstore/v1/error_reason.js';
export type { Event } from '../proto/gen/userstore/v1/event.js';
export type { Filter } from '../proto/gen/userstore/v1/filter.js';
export type { Group } from '../proto/gen/userstore/v1/group.js';
export type { Organization } from '../proto/gen/userstore/v1/organization_service.js';
export type { User } from '../proto/gen/userstore/v1/user.js';
export { PatchOperation_Verb } from '../proto/gen/userstore/v1/user_service.js';
export { connect, type Userstore } from './connect.js';
export * from './errors.js';
export { not } from './filters.js';
export type { Mirror, MirrorChange, Mirrored, MirroredField, MirrorOptions } from './mirror.js';
export { fileStore, type KeptUser, type MirrorStore, type Snapshot, type Step } from './mirror-store.js';
export type { Pages } from './pages.js';
export type { CallOptions, ServiceClients } from './services.js';
export type { Connection } from './transport.js';
export type { Watch, WatchOptions } from './watch.js';
export { and, or, where, whereGroup } from './where.js';
