/** The RPCs of SearchService. */
import type { SearchServiceService } from '../../proto/gen/userstore/v1/search_service.js';
import type { SearchRules } from '../domain/search.js';
import type { Handlers } from './unary.js';

/** Returns the handlers of SearchService. */
export function searchService(searches: SearchRules): Handlers<SearchServiceService> {
  return { search: ({ text }, deadline, { organizationIds }) => searches.search(text, deadline, organizationIds) };
}
