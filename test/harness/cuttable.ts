/** A way to a service whose connections a test can cut, as a network does. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A forwarded address. */
export interface Cuttable {
  /** "host:port" */
  address: string;
  /** Cuts all connections; new ones are taken. */
  cut(): void;
  stop(): void;
}

/** Forwards connections to `address` ("host:port"). */
export async function cuttable(address: string): Promise<Cuttable> {
  const [host = '', port] = address.split(':');
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const onward = connect(Number(port), host);
    for (const [socket, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      sockets.add(socket);
      socket.pipe(other);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    stop: () => {
      server.close();
      cut();
    },
  };
}
