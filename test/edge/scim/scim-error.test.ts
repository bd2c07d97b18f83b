/** Errors quote requests, but never megabytes of them. */
import { expect } from 'chai';
import { errorBody, ScimError } from '../../../edge/scim/scim-error.js';

describe('a SCIM error', () => {
  it('keeps the beginning and the end of a detail that quotes a megabyte', () => {
    const detail = `"${'x'.repeat(1024 * 1024)}" is given more than once.`;
    const error = new ScimError(400, 'invalidSyntax', detail);
    expect(error.detail.length).to.equal(500);
    expect(error.detail).to.match(/^"x+…x+" is given more than once\.$/);
    expect(errorBody(error).detail).to.equal(error.message);
  });

  it('stays valid Unicode where the cut meets a character of two units', () => {
    for (const before of ['', 'a']) {
      const { detail } = new ScimError(400, 'invalidValue', before + '💥'.repeat(500));
      expect(detail.isWellFormed()).to.equal(true);
    }
  });
});
