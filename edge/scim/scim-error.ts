/** The error of a SCIM request (RFC 7644 section 3.12). */

/** The values of `scimType` that this service uses (RFC 7644 table 9, RFC 9865 section 2.3). */
export type ScimType =
  | 'invalidCount'
  | 'invalidCursor'
  | 'invalidFilter'
  | 'invalidPath'
  | 'invalidSyntax'
  | 'invalidValue'
  | 'mutability'
  | 'noTarget'
  | 'tooMany'
  | 'uniqueness';

/** An answer other than success. The Okta admin reads `detail`: which attribute, and what to do. */
export class ScimError extends Error {
  constructor(
    readonly status: number,
    readonly scimType: ScimType | undefined,
    readonly detail: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(detail);
  }
}

/** Creates a 400: the client must change the request. */
export const badRequest = (scimType: ScimType, detail: string) => new ScimError(400, scimType, detail);

/** Renders the body of an error answer; `status` is a string. */
export const errorBody = ({ status, scimType, detail }: ScimError) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
  status: String(status),
  ...(scimType === undefined ? {} : { scimType }),
  detail,
});
