/** The RPCs of ActivityService. */
import type { ActivityServiceService } from '../../proto/gen/userstore/v1/activity_service.js';
import type { ActivityRules } from '../domain/activities.js';
import type { Handlers } from './unary.js';

/** Returns the handlers of ActivityService. */
export function activityService(activities: ActivityRules): Handlers<ActivityServiceService> {
  return {
    async recordActivities(request, deadline) {
      await activities.record(request.activities, deadline);
      return {};
    },
    listActivities: (request, deadline) => activities.list(request, deadline),
    listChanges: (request, deadline) => activities.listChanges(request, deadline),
  };
}
