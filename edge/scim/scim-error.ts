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

/** Longest `detail`, in characters. Details quote the request, which may be megabytes of text. */
const MAX_DETAIL = 500;
/** The end of a longer detail that remains: it says what to do about the text that the detail quotes. */
const MAX_END = 200;

/** An answer other than success. The Okta admin reads `detail`: which attribute, and what to do. */
export class ScimError extends Error {
  readonly detail: string;

  constructor(
    readonly status: number,
    readonly scimType: ScimType | undefined,
    detail: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(shortened(detail));
    this.detail = this.message;
  }
}

/** Cuts a text that is too long in its middle. */
const shortened = (text: string): string =>
  text.length <= MAX_DETAIL
    ? text
    : `${text.slice(0, MAX_DETAIL - MAX_END - 1)}…${text.slice(-MAX_END)}`.toWellFormed();

/** Creates a 400: the client must change the request. */
export const badRequest = (scimType: ScimType, detail: string) => new ScimError(400, scimType, detail);

/** Renders the body of an error answer; `status` is a string. */
export const errorBody = ({ status, scimType, detail }: ScimError) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
  status: String(status),
  ...(scimType === undefined ? {} : { scimType }),
  detail,
});
