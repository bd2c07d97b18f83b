/** Reversible secrets: the stored form reveals nothing, and opens only for the owner that it was sealed for. */
import { expect } from 'chai';
import { createSealer } from '../../userstore/domain/sealing.js';

const [one, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const SECRET = 'a client secret, ünïcode';
const missing = { reason: 36 };

describe('sealing', () => {
  it('hides a text and its repetition, and gives it back', () => {
    const { seal, open } = createSealer([one]);
    const [first, second] = [seal(SECRET, 'x'), seal(SECRET, 'x')];
    expect(first).not.to.equal(second);
    for (const sealed of [first, second]) {
      expect(sealed).to.match(/^[\da-f]{12}\.[\w-]+$/);
      expect(Buffer.from(sealed.split('.')[1] ?? '', 'base64url').toString('latin1')).not.to.include('secret');
      expect(open(sealed, 'x')).to.equal(SECRET);
    }
  });

  it('opens for the organization it was sealed for only, and nothing that was touched', () => {
    const { seal, open } = createSealer([one]);
    const sealed = seal(SECRET, 'of one');
    expect(() => open(sealed, 'of another')).to.throw();
    const [id, text = ''] = sealed.split('.');
    const bytes = Buffer.from(text, 'base64url');
    for (const index of [0, 12, bytes.length - 1]) {
      const touched = Buffer.from(bytes);
      touched[index] = (touched[index] ?? 0) ^ 1;
      expect(() => open(`${id}.${touched.toString('base64url')}`, 'of one'), `byte ${index}`).to.throw();
    }
    // A shortened tag would be easier to guess.
    expect(() => open(`${id}.${bytes.subarray(0, -8).toString('base64url')}`, 'of one')).to.throw();
    expect(() => open('', 'of one')).to.throw();
  });

  it('seals with the first of its keys and opens with any: a key can be replaced', () => {
    const old = createSealer([one]).seal(SECRET, 'x');
    const both = createSealer([other, one]);
    expect(both.open(old, 'x')).to.equal(SECRET);
    expect([both.isCurrent(old), both.isCurrent(both.seal(SECRET, 'x'))]).to.deep.equal([false, true]);
    expect(createSealer([other]).open(both.seal(SECRET, 'x'), 'x')).to.equal(SECRET);
  });

  it('says SECRET_KEY_MISSING without the key, and nothing of a secret', () => {
    const sealed = createSealer([one]).seal(SECRET, 'x');
    expect(() => createSealer([]).seal(SECRET, 'x'))
      .to.throw(/SECRET_KEY/)
      .include(missing);
    expect(() => createSealer([other]).open(sealed, 'x'))
      .to.throw(/SECRET_KEY/)
      .include(missing);
    expect(() => createSealer([]).open(sealed, 'x')).to.throw(/^(?!.*client secret, )/);
  });
});
