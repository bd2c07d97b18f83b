/** API tokens that were pasted into an address are in no log, however they are spelled. */
import { expect } from 'chai';
import { pathOf } from '../../edge/request-context.js';

const TOKEN = '0f8fad5b-d9cb-469f-a165-70867728950e';
const encoded = (text: string) => [...text].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('');

describe('the path that is stored', () => {
  for (const [title, token] of [
    ['as it is', TOKEN],
    ['in capitals', TOKEN.toUpperCase()],
    ['with %2d for its dashes', TOKEN.replaceAll('-', '%2d')],
    ['with %2D for its dashes', TOKEN.replaceAll('-', '%2D')],
    ['encoded twice', TOKEN.replaceAll('-', '%252d')],
    ['without its dashes', TOKEN.replaceAll('-', '')],
    ['with every character encoded', encoded(TOKEN)],
    ['with every character encoded twice', encoded(TOKEN).replaceAll('%', '%25')],
  ] as const) {
    it(`lacks a token ${title}`, () => {
      expect(pathOf(`/a1/scim/v2/Users/${token}/x?token=${token}`)).to.equal('/a1/scim/v2/Users/…/x');
    });
  }

  it('keeps ids of users and all text that is no token', () => {
    for (const path of [
      '/a1/scim/v2/Users/0199f7c1-0000-7000-8000-000000000001',
      '/x/%2F%zz%',
      `/${'a'.repeat(300)}`,
    ]) {
      expect(pathOf(path)).to.equal(path);
    }
  });

  it('is found at once in an address that is all percent signs', () => {
    const start = performance.now();
    pathOf(`/${'%25'.repeat(1_000_000)}`);
    expect(performance.now() - start).to.be.below(20);
  });
});
