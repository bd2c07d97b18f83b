/** Free ports. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { freePort, isFree } from '../../bin/port.js';

describe('a port', () => {
  it('is free until a server listens on it, and again afterwards', async () => {
    const port = await freePort();
    expect(await isFree(port, '127.0.0.1')).to.equal(true);
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    expect(await isFree(port, '127.0.0.1')).to.equal(false);
    server.close();
    await once(server, 'close');
    expect(await isFree(port, '127.0.0.1')).to.equal(true);
  });

  it('that is found is outside the range of outgoing connections', async () => {
    for (let round = 0; round < 20; round++) expect(await freePort()).to.be.within(1024, 32_767);
  });
});
