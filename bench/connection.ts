/**
 * A keep-alive HTTP client for load on a machine that is shared with the services: to use little CPU time, it reads only
 * the status and the length of an answer.
 */
import { connect, type Socket } from 'node:net';

/** The longest silence of a server. */
const SILENCE_MS = 20_000;
/** An answer after which the server closes the connection. */
const CLOSES = /^HTTP\/1\.0|\r\nconnection: close\r\n/i;
const MAX_HEAD = 1000;
const LAST_CHUNK = '\r\n0\r\n\r\n';

/** An answer. `text` returns its head and body. */
export interface Answer {
  status: number;
  text(): string;
}

/** Opens a connection, at first and after the server has closed it. `exchange` sends one request and waits for its answer. */
export function openConnection(port: number, silenceMs = SILENCE_MS) {
  let socket: Socket | undefined;
  let chunks: AsyncIterator<Buffer> | undefined;

  const open = () => {
    const opened = connect({ port, host: '127.0.0.1', noDelay: true });
    opened.setTimeout(silenceMs, () => opened.destroy(new Error(`no answer within ${silenceMs} ms`)));
    socket = opened;
    chunks = opened[Symbol.asyncIterator]();
    return { socket, chunks };
  };
  const current = () => (socket && chunks && !socket.destroyed && !socket.readableEnded ? { socket, chunks } : open());

  const exchange = async (request: string): Promise<Answer> => {
    const { socket, chunks } = current();
    socket.write(request);
    const received: Buffer[] = [];
    let end = untilClose;
    let length = 0;
    do {
      const { value, done } = await chunks.next();
      if (done && received.length > 0 && end === untilClose) break;
      if (done) throw new Error('the connection ended before the answer');
      length += value.length;
      if (received.push(value) === 1) end = endOf(value);
    } while (!end(received, length));
    const head = received[0] as Buffer;
    if (CLOSES.test(head.toString('latin1', 0, MAX_HEAD))) socket.destroy();
    return { status: Number(head.toString('latin1', 9, 12)), text: () => Buffer.concat(received).toString() };
  };
  return { exchange, close: () => socket?.destroy() };
}

/** Returns true if the parts of an answer, `length` bytes together, are all of it. */
type End = (received: Buffer[], length: number) => boolean;

const untilClose: End = () => false;
const untilLastChunk: End = (received) => Buffer.concat(received.slice(-2)).toString('latin1').endsWith(LAST_CHUNK);

/** Returns how an answer ends that begins with this chunk. */
function endOf(chunk: Buffer): End {
  const headLength = chunk.indexOf('\r\n\r\n') + 4;
  const head = chunk.toString('latin1', 0, headLength);
  const bodyLength = /\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? (/^.{9}204/.test(head) ? 0 : undefined);
  if (bodyLength !== undefined) return (_received, length) => length >= headLength + Number(bodyLength);
  return /\r\ntransfer-encoding: chunked/i.test(head) ? untilLastChunk : untilClose;
}

/** Returns the text of a request with Okta's headers. `path` is the whole path. */
export function requestText(
  port: number,
  { method, path, authorization, body }: { method: string; path: string; authorization: string; body?: unknown },
): string {
  const text = body === undefined ? '' : JSON.stringify(body);
  const type =
    text === ''
      ? ''
      : `Content-Type: application/scim+json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\n`;
  return (
    `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
    `Authorization: ${authorization}\r\nUser-Agent: Okta SCIM Client 1.0.0\r\n` +
    `Accept: application/scim+json\r\nAccept-Charset: utf-8\r\n${type}\r\n${text}`
  );
}
