/** An endpoint of webhooks for tests, whose answers the test decides. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that the endpoint got. */
export interface Received {
  headers: Record<string, string>;
  body: string;
  /** The body as JSON. */
  event: { type: string; timestamp: string; data: Record<string, unknown> };
}

/** Starts an endpoint that answers with `answer`, at first 204. */
export async function startReceiver() {
  const received: Received[] = [];
  const state = { answer: (response: ServerResponse): void => void response.writeHead(204).end() };
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    received.push({ headers: request.headers as Record<string, string>, body, event: JSON.parse(body) });
    state.answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    received,
    /** Answers like this from now on. */
    answerWith(answer: (response: ServerResponse) => void): void {
      state.answer = answer;
    },
    close(): void {
      server.closeAllConnections();
      server.close();
    },
  };
}
