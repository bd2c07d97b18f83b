/** The Authorization header of the Okta stand-in. */
import { expect } from 'chai';
import { authorizationFor } from '../../bin/okta/authorization.js';

const TOKEN = '689c872e-5fae-438c-9467-0c9fc33c882e';

describe('the Okta stand-in', () => {
  it('sends "Bearer" before what was entered for a wizard app, also before "apikey", as Okta does', () => {
    expect(authorizationFor(TOKEN, 'aiw')).to.equal(`Bearer ${TOKEN}`);
    expect(authorizationFor(`apikey ${TOKEN}`, 'aiw')).to.equal(`Bearer apikey ${TOKEN}`);
  });

  it('sends what was entered for a catalogue app, and "apikey" before a bare UUID', () => {
    expect(authorizationFor(`apikey ${TOKEN}`, 'oin')).to.equal(`apikey ${TOKEN}`);
    expect(authorizationFor(TOKEN, 'oin')).to.equal(`apikey ${TOKEN}`);
  });
});
