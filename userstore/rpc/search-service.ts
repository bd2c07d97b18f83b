/** The RPCs of SearchService. */
import type { SearchServiceService } from '../../proto/gen/userstore/v1/search_service.js';
import type { NameRules } from '../domain/names.js';
import type { SearchRules } from '../domain/search.js';
import type { Handlers } from './unary.js';

/** Returns the organizations to search: the one that the request names, which the caller may see, else those of the caller. */
const chosen = (organizationId: string | undefined, held: readonly string[] | undefined) =>
  organizationId === undefined ? held : [organizationId];

/** Returns the handlers of SearchService. */
export function searchService(searches: SearchRules, names: NameRules): Handlers<SearchServiceService> {
  return {
    search: ({ text, organizationId }, deadline, { organizationIds }) =>
      searches.search(text, deadline, chosen(organizationId, organizationIds)),
    findNames: (request, deadline, { organizationIds }) =>
      names.find(request, deadline, chosen(request.organizationId, organizationIds)),
  };
}
