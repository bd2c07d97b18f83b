/** The RPCs of ServiceAccountService. */
import type { ServiceAccountServiceService } from '../../proto/gen/userstore/v1/service_account_service.js';
import type { ServiceAccountRules } from '../domain/service-accounts.js';
import type { Handlers } from './unary.js';

/** Returns the handlers of ServiceAccountService. */
export function serviceAccountService(accounts: ServiceAccountRules): Handlers<ServiceAccountServiceService> {
  return {
    createServiceAccount: (request, deadline) => accounts.create(request, deadline),
    listServiceAccounts: (request, deadline) => accounts.list(request, deadline),
    rotateServiceAccountSecret: (request, deadline) => accounts.rotate(request, deadline),
    async deleteServiceAccount(request, deadline) {
      await accounts.delete(request, deadline);
      return {};
    },
  };
}
