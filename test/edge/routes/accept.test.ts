/** The media type of an answer, by the Accept header. */
import { expect } from 'chai';
import { mediaTypeFor } from '../../../edge/routes/accept.js';

const SCIM = 'application/scim+json';
const JSON_TYPE = 'application/json';

const rows: [accept: string | undefined, type: string][] = [
  [undefined, SCIM],
  ['', SCIM],
  ['*/*', SCIM],
  ['application/*', SCIM],
  ['text/html', SCIM],
  ['application/json', JSON_TYPE],
  ['APPLICATION/JSON', JSON_TYPE],
  ['application/json; charset=utf-8', JSON_TYPE],
  ['application/json, text/plain, */*', JSON_TYPE],
  ['application/json, application/scim+json', SCIM],
  ['application/json, application/scim+json;q=0.5', JSON_TYPE],
  ['application/json;q=0.5, application/scim+json', SCIM],
  ['application/json;q=0', SCIM],
  ['application/json;q=0, */*', SCIM],
  ['application/scim+json;q=0, */*', JSON_TYPE],
  ['application/json;Q=0.1, application/scim+json;q=0', JSON_TYPE],
  ['application/json;q=high', JSON_TYPE],
  ['application/jsonp', SCIM],
];

describe('the Accept header', () => {
  for (const [accept, type] of rows) {
    it(`"${accept ?? '(none)'}" is answered with ${type}`, () => expect(mediaTypeFor(accept)).to.equal(type));
  }
});
