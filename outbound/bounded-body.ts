/** The body of a provider's answer, as bytes. */
import type { IncomingMessage } from 'node:http';

/** Discovery documents, keys and answers of token endpoints have a few KiB. */
const MAX_BYTES = 256 * 1024;

/** Reads the body of a provider's answer, at most 256 KiB. Returns undefined if it is larger. */
export async function boundedBody(answer: IncomingMessage): Promise<Buffer<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
