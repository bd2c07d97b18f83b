/** The RPCs of ActivityService. */
import type { ActivityServiceService } from '../../proto/gen/userstore/v1/activity_service.js';
import type { ActivityRules } from '../domain/activities.js';
import type { BodyRules } from '../domain/bodies.js';
import { seesPersonalValues } from './permissions.js';
import type { Handlers } from './unary.js';

/** Returns the handlers of ActivityService. */
export function activityService(activities: ActivityRules, bodies: BodyRules): Handlers<ActivityServiceService> {
  return {
    async recordActivities(request, deadline) {
      await activities.record(request.activities, deadline);
      return {};
    },
    listActivities: (request, deadline, { organizationIds }) => activities.list(request, deadline, organizationIds),
    async recordActivityBodies(request, deadline) {
      await bodies.record(request.bodies, deadline);
      return {};
    },
    getActivityBody: (request, deadline, { role }) => bodies.get(request, seesPersonalValues(role), deadline),
    listChanges: (request, deadline) => activities.listChanges(request, deadline),
  };
}
