/**
 * The load process: on a message it keeps every connection busy for a round (closed loop: the next request follows the
 * answer) and reports the result. To use little CPU time on a shared machine, its client reads only the status and the
 * length of an answer.
 */
import { connect } from 'node:net';
import { type Operation, requestOf, type ScimRequest } from './operations.js';
import { readWorld } from './world.js';

const ANSWER_MS = 20_000;

/** A round of load. `first` is the number of the first request. */
export interface Round {
  port: number;
  operation: Operation;
  first: number;
  seconds: number;
  connections: number;
}

/** The result of a round, with latencies in milliseconds. `failure` is the first unexpected answer. */
export type Outcome = { next: number; seconds: number; latencies: number[] } | { failure: string };

const world = await readWorld();
process.on('message', (round: Round) => {
  run(round).then(
    (outcome) => process.send?.(outcome satisfies Outcome),
    (error: unknown) => process.send?.({ failure: String(error) } satisfies Outcome),
  );
});
process.on('disconnect', () => process.exit());
process.send?.('ready');

async function run({ port, operation, first, seconds, connections }: Round): Promise<Outcome> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  let next = first;

  const drive = async () => {
    const { exchange, close } = open(port);
    try {
      while (performance.now() < end) {
        const request = requestOf(operation, next++, world);
        const sent = performance.now();
        await exchange(request);
        latencies.push(performance.now() - sent);
      }
    } finally {
      close();
    }
  };
  await Promise.all(Array.from({ length: connections }, drive));
  return { next, seconds: (performance.now() - start) / 1000, latencies };
}

/** Opens a keep-alive connection. `exchange` throws an Error if the answer has an unexpected status. */
function open(port: number) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error(`no answer within ${ANSWER_MS} ms`)));
  const chunks: AsyncIterator<Buffer> = socket[Symbol.asyncIterator]();

  const exchange = async (request: ScimRequest): Promise<void> => {
    socket.write(bytesOf(request, port));
    const received: Buffer[] = [];
    let missing = 1;
    while (missing > 0) {
      const { value, done } = await chunks.next();
      if (done) throw new Error('the connection ended before the answer');
      if (received.push(value) === 1) missing = lengthOf(value);
      missing -= value.length;
    }
    if (received[0]?.toString('latin1', 9, 12) !== String(request.status)) {
      throw new Error(`${request.method} ${request.path}: ${Buffer.concat(received).toString().slice(0, 1000)}`);
    }
  };
  return { exchange, close: () => socket.destroy() };
}

/** Returns the length of an answer from its first chunk. */
function lengthOf(chunk: Buffer): number {
  const headLength = chunk.indexOf('\r\n\r\n') + 4;
  const bodyLength = /\r\ncontent-length: (\d+)/i.exec(chunk.toString('latin1', 0, headLength))?.[1];
  if (bodyLength === undefined) throw new Error('an answer without Content-Length');
  return headLength + Number(bodyLength);
}

function bytesOf({ tenant, method, path, body }: ScimRequest, port: number): string {
  const text = body === undefined ? '' : JSON.stringify(body);
  const type =
    text === '' ? '' : `Content-Type: application/scim+json; charset=utf-8\r\nContent-Length: ${text.length}\r\n`;
  return (
    `${method} /${tenant.organizationId}/scim/v2${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
    `Authorization: apikey ${tenant.secret}\r\nUser-Agent: Okta SCIM Client 1.0.0\r\n` +
    `Accept: application/scim+json\r\nAccept-Charset: utf-8\r\n${type}\r\n${text}`
  );
}
