/** The media type of an answer, by the Accept header of its request (RFC 9110 section 12.5.1). */

const SCIM = 'application/scim+json';
const JSON_TYPE = 'application/json';

/** A media range that matches a type: its weight, and how exactly it names the type. */
interface Match {
  weight: number;
  precision: number;
}

/**
 * Returns application/json for a client that gives it more weight than application/scim+json, or the same weight but
 * by its own name. Any other client gets application/scim+json, also one that accepts neither: Okta takes a 406 for a
 * failure without a reason.
 */
export function mediaTypeFor(accept = ''): string {
  const ranges = accept.split(',').map((range) =>
    range
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/),
  );
  const [scim, plain] = [matchOf(ranges, SCIM), matchOf(ranges, JSON_TYPE)];
  const isPreferred = plain.weight > scim.weight || (plain.weight === scim.weight && plain.precision > scim.precision);
  return plain.weight > 0 && isPreferred ? JSON_TYPE : SCIM;
}

function matchOf(ranges: readonly string[][], type: string): Match {
  const names = ['*/*', 'application/*', type];
  return ranges.reduce<Match>(
    (best, [name = '', ...parameters]) => {
      const precision = names.indexOf(name);
      return precision > best.precision ? { weight: weightIn(parameters), precision } : best;
    },
    { weight: 0, precision: -1 },
  );
}

/** Returns the weight among the parameters of a media range; 1 if there is none, or none that is a number. */
function weightIn(parameters: readonly string[]): number {
  const text = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, '');
  return text !== undefined && /^(0(\.\d*)?|1(\.0*)?)$/.test(text) ? Number(text) : 1;
}
