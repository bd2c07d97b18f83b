/** Silent connections: they keep no other client out. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { limitConnections } from '../../../edge/limits/connections.js';
import { eventually } from '../../harness/userstore.js';

describe('the connections of the edge', () => {
  let server: Server;
  let sockets: Socket[];
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    server.closeAllConnections();
  });

  async function listen(max: number, isDirect: boolean, firstByteMs = 60_000): Promise<void> {
    sockets = [];
    server = createServer((_request, response) => response.end('served')).listen(0, '127.0.0.1');
    limitConnections(server, max, isDirect, 'connection', firstByteMs);
    await once(server, 'listening');
  }
  const port = () => (server.address() as AddressInfo).port;
  /** Opens connections that send nothing, one after the other. */
  async function silent(count: number): Promise<Socket[]> {
    const opened: Socket[] = [];
    for (let index = 0; index < count; index++) {
      const socket = connect(port(), '127.0.0.1').on('error', () => undefined);
      sockets.push(socket);
      opened.push(socket);
      await once(socket, 'connect');
    }
    return opened;
  }
  const ask = async () => (await fetch(`http://127.0.0.1:${port()}/`, { headers: { connection: 'close' } })).text();

  it('that are silent make way for each new one, the oldest first', async () => {
    await listen(100, false);
    const opened = await silent(300);
    for (let count = 0; count < 20; count++) expect(await ask()).to.equal('served');
    await eventually('the oldest are closed', async () => opened.slice(0, 150).every(({ destroyed }) => destroyed));
    expect(opened.at(-1)?.destroyed).to.equal(false);
  });

  it('that sent something stay where silent ones make way', async () => {
    await listen(100, false);
    const [first] = await silent(1);
    first?.resume().write('GET / HTTP/1.1\r\n');
    await silent(200);
    expect(first?.destroyed).to.equal(false);
    first?.write('Host: x\r\n\r\n');
    const [answer] = (await once(first as Socket, 'data')) as [Buffer];
    expect(answer.toString()).to.include('200 OK');
  });

  it('of one network are at most a quarter of all where no proxy is in front', async () => {
    await listen(100, true);
    await silent(60);
    const open = async () => await new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
    await eventually('the rest are closed', async () => ((await open()) as number) <= 25);
    expect(await ask()).to.equal('served');
  });

  it('end when nothing is sent in time', async () => {
    await listen(100, true, 200);
    const [one] = await silent(1);
    const start = performance.now();
    one?.resume();
    await once(one as Socket, 'close');
    expect(performance.now() - start).to.be.below(1000);
  });
});
