/** Hundreds of clients that leave at once do not hold the event loop: what follows their leaving is done in turns. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect } from 'chai';
import { endQuietly, inTurn, onceClosed } from '../../edge/leaving.js';
import { eventually } from '../harness/userstore.js';

describe('clients that leave before their answer', () => {
  it('cost what follows in several turns, each of which other work can come between', async () => {
    const order: string[] = [];
    const busy = (name: string) => () => {
      order.push(name);
      for (const start = performance.now(); performance.now() - start < 6; );
    };
    for (const name of ['1', '2', '3', '4']) inTurn(busy(name));
    setImmediate(() => order.push('other'));
    await eventually('all are done', async () => order.length === 5);
    expect(order.filter((name) => name !== 'other')).to.deep.equal(['1', '2', '3', '4']);
    expect(order.indexOf('other'), 'after two at most').to.be.below(3);
  });

  it('are not kept in memory with their requests once they have their answers', async () => {
    let ended = 0;
    const server = createServer((request, response) => {
      const end = request.destroy.bind(request);
      request.destroy = (...given) => {
        ended++;
        return end(...given);
      };
      request.resume().on('end', () => request.url === '/answered' && response.end('x'));
    });
    endQuietly(server, 'connection');
    await once(server.listen(0, '127.0.0.1'), 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      for (const [path, wanted] of [
        ['/answered', 0],
        ['/held', 1],
      ] as const) {
        const socket = connect(port, '127.0.0.1');
        const gone = once(server, 'connection').then(([other]) => once(other, 'close'));
        socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx`);
        if (wanted === 0) await once(socket, 'data');
        else await once(server, 'request');
        // Node.js itself ends a request once its body has been read.
        const before = ended;
        socket.destroy();
        await gone;
        expect(ended > before, path).to.equal(wanted > 0);
      }
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('are told apart from those that got it, without an error event', async () => {
    const closed: boolean[] = [];
    const errors: unknown[] = [];
    const held: ServerResponse[] = [];
    const server = createServer((request, response) => {
      request.on('error', (error) => errors.push(error)).on('aborted', () => errors.push('aborted'));
      onceClosed(response, () => closed.push(response.writableFinished));
      if (request.url === '/answered') response.end('x');
      else held.push(response);
    });
    endQuietly(server, 'connection');
    await once(server.listen(0, '127.0.0.1'), 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const open = (path: string) => {
        const socket = connect(port, '127.0.0.1').resume();
        socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{`);
        return socket;
      };
      open('/answered');
      await eventually('the answer is sent', async () => closed.length === 1);
      const leaving = [open('/a'), open('/b')];
      await eventually('both have begun', async () => held.length === 2);
      for (const socket of leaving) socket.destroy();
      await eventually('both have left', async () => closed.length === 3);
      expect(closed).to.deep.equal([true, false, false]);
      expect(errors).to.deep.equal([]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
