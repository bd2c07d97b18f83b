/** Who asks for what is to be done. */
import type { Actor } from '../proto/gen/userstore/v1/actor.js';
import type { Organization } from '../proto/gen/userstore/v1/organization_service.js';

/** The organization, as authenticated, and who of it wants something. */
export interface RequestScope {
  organizationId: string;
  settings: Organization;
  actor: Actor;
}
