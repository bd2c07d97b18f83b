/** Encodes responses, so that a failure has the status that the contract says. decoding.ts decodes requests. */
import { setImmediate } from 'node:timers/promises';
import { type BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { MAX_MESSAGE_BYTES } from '../../proto/message-size.js';
import { decoded, LargeRequest, MAX_BYTES_AT_ONCE } from './decoding.js';
import type { Pause } from './load-shedding.js';

/**
 * Returns the definition of a service whose handlers get each request as a Decoded, once the interceptor of callers has
 * decoded the large ones, and return encoded responses.
 * grpc-js answers INTERNAL to a request that cannot be decoded, and RESOURCE_EXHAUSTED, which callers take for
 * overload, if the response is too large.
 */
export const encodedService = (service: ServiceDefinition): ServiceDefinition =>
  Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      {
        ...method,
        requestDeserialize: (bytes: Buffer) =>
          bytes.length > MAX_BYTES_AT_ONCE
            ? new LargeRequest(bytes, method.requestDeserialize)
            : decoded(bytes, method.requestDeserialize),
        responseSerialize: (bytes: Buffer) => bytes,
      },
    ]),
  );

/** Elements of a list that are encoded in one turn of the event loop. */
const ELEMENTS_PER_TURN = 20;
/** Bytes after which the next elements are encoded in another turn. */
const BYTES_PER_TURN = 512 * 1024;

/** Encodes a response. Throws an error, which becomes INTERNAL, if it is larger than callers accept. */
export function encoded<R>(response: R, encode: (response: R) => Buffer, maxBytes = MAX_MESSAGE_BYTES): Buffer {
  return checked(encode(response), maxBytes);
}

/**
 * Encodes a response, a long list in several turns of the event loop: encodings of one message type that follow each
 * other are one message with the elements of all (Protocol Buffers, "Last One Wins"). `pause` tells, after each part,
 * whether the next one has to wait. Throws as `encoded`.
 */
export async function encodedInTurns<R extends object>(
  response: R | EncodedResponse,
  encode: (response: R) => Buffer,
  pause?: Pause,
): Promise<Buffer> {
  if (response instanceof EncodedResponse) return checked(response.bytes, MAX_MESSAGE_BYTES);
  const list = Object.entries(response).find(([, value]) => Array.isArray(value) && value.length > ELEMENTS_PER_TURN);
  if (!list) return encoded(response, encode);
  const [name, elements] = list as [string, unknown[]];
  const parts: Buffer[] = [];
  let bytes = 0;
  for (let start = 0; start < elements.length; start += ELEMENTS_PER_TURN) {
    const rest = start === 0 ? response : emptyOf(response);
    const part = encode({ ...rest, [name]: elements.slice(start, start + ELEMENTS_PER_TURN) });
    parts.push(part);
    bytes += part.length;
    const pausing = pause?.();
    if (!pausing && bytes < BYTES_PER_TURN) continue;
    bytes = 0;
    await (pausing ?? setImmediate());
  }
  return checked(Buffer.concat(parts), MAX_MESSAGE_BYTES);
}

/** A response that is encoded already. */
export class EncodedResponse {
  constructor(readonly bytes: Buffer) {}
}

/** Encodes a response with the elements of a list, the field `number`, that are encoded already. */
export function withElements<R>(
  response: R,
  encode: (response: R) => BinaryWriter,
  number: number,
  elements: readonly Uint8Array[],
): EncodedResponse {
  const writer = encode(response);
  for (const element of elements) writer.tag(number, WireType.LengthDelimited).bytes(element);
  return new EncodedResponse(Buffer.from(writer.finish()));
}

/** Returns the response without lists and messages; its other values replace themselves. */
const emptyOf = <R extends object>(response: R): R =>
  Object.fromEntries(
    Object.entries(response).map(([name, value]) => [
      name,
      Array.isArray(value) ? [] : typeof value === 'object' ? undefined : value,
    ]),
  ) as R;

function checked(bytes: Buffer, maxBytes: number): Buffer {
  if (bytes.length > maxBytes) throw new Error(`the response has ${bytes.length} bytes, more than ${maxBytes}`);
  return bytes;
}
