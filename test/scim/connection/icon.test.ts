/** The icon that browsers ask for. */
import { expect } from 'chai';
import { freshTenant } from '../../harness/organizations.js';

describe('the icon', () => {
  for (const path of ['/favicon.svg', '/favicon.ico']) {
    it(`at ${path} is an image that browsers keep for a day, without a token`, async () => {
      const { origin } = new URL((await freshTenant()).baseUrl);
      const response = await fetch(origin + path);
      expect(response.status).to.equal(200);
      expect(response.headers.get('content-type')).to.match(/^image\/svg\+xml/);
      expect(response.headers.get('cache-control')).to.equal('public, max-age=86400');
      expect(await response.text()).to.match(/^<svg xmlns=/);
      expect((await fetch(origin + path, { method: 'HEAD' })).status).to.equal(200);
      const refused = await fetch(origin + path, { method: 'POST' });
      expect([refused.status, refused.headers.get('allow')]).to.deep.equal([405, 'GET, HEAD, OPTIONS']);
    });
  }
});
