/** Parses the query string of a request. */
import { type ParsedUrlQuery, parse } from 'node:querystring';
import { PARAMETERS } from '../scim/list.js';

/** A `+` that can only be a blank: beside an operator of a filter. */
const BLANK_PLUS = /\+(?:and|or|not|eq|ne|co|sw|ew|pr|gt|ge|lt|le)(?:[+&(]|$)/i;

/** The spelling of a parameter by its name in lower case. */
const SPELLINGS = new Map(PARAMETERS.map((name) => [name.toLowerCase(), name]));

/**
 * Parses a query string. SCIM's parameters are named in any letter case, as in a search by POST. A `+` is a blank, as
 * in HTML forms, except in a parameter whose blanks are written as %20: there it is a plus, as in RFC 3986.
 */
export function parseQuery(text: string | null): ParsedUrlQuery {
  // Express gives null for a request without a query string.
  const parameters = (text ?? '').split('&').map((parameter) => {
    const isPercentEncoded = parameter.includes('%20') && !BLANK_PLUS.test(parameter);
    const kept = isPercentEncoded ? parameter.replaceAll('+', '%2B') : parameter;
    const name = /^[^=]*/.exec(kept)?.[0] ?? '';
    return (SPELLINGS.get(name.toLowerCase()) ?? name) + kept.slice(name.length);
  });
  // By default Node.js ignores all parameters after the first 1000, and a filter could be among them.
  return parse(parameters.join('&'), '&', '=', { maxKeys: 0 });
}
