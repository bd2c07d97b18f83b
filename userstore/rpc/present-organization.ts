/** Handlers that refuse calls about an organization that is deleted. */
import type { CheckOrganization } from '../domain/deleted-organizations.js';
import type { Handlers } from './unary.js';

type Handler = (request: { organizationId: string }, deadline: number, ...rest: unknown[]) => Promise<unknown>;

/** Returns handlers that throw ORGANIZATION_NOT_FOUND before they do anything if the organization is deleted. */
export function ofPresentOrganization<S>(check: CheckOrganization, handlers: Handlers<S>): Handlers<S> {
  const checked = Object.entries(handlers as Record<string, Handler>).map(([name, handler]) => [
    name,
    async (request: { organizationId: string }, deadline: number, ...rest: unknown[]) => {
      const checking = check(request.organizationId, deadline);
      if (checking) await checking;
      return await handler(request, deadline, ...rest);
    },
  ]);
  return Object.fromEntries(checked) as Handlers<S>;
}
