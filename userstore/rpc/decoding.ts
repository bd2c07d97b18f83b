/**
 * Decodes requests, so that a failure has the status that the contract says. A large request is decoded in several turns
 * of the event loop, because one of a few MiB takes tenths of a second. Only one of edges and one of other callers is
 * decoded at a time.
 */
import { BinaryReader } from '@bufbuild/protobuf/wire';
import pLimit from 'p-limit';
import { inSlices } from '../domain/in-slices.js';
import { DomainError, invalidField, unsupportedFilter } from '../model/domain-error.js';

/** The largest request that is decoded in one turn, and the size of the parts of a larger one. */
export const MAX_BYTES_AT_ONCE = 128 * 1024;
/** The largest field of a large request, which is decoded in one turn: no request that succeeds has a larger one. */
const MAX_FIELD_BYTES = 6 * 1024 * 1024;

/** A request as it reaches a handler of grpc-js: the message, or the reason why it is none. */
export type Decoded<Q> = Q | DomainError;

/** A request that has yet to be decoded. */
export class LargeRequest {
  constructor(
    readonly bytes: Buffer,
    readonly decode: (bytes: Buffer) => object,
  ) {}
}

/** Decodes a request. Returns FILTER_UNSUPPORTED for a filter nested too deep to decode, else FIELD_INVALID. */
export function decoded<Q>(bytes: Buffer, decode: (bytes: Buffer) => Q): Decoded<Q> {
  try {
    return decode(bytes);
  } catch (error) {
    return undecodable(error);
  }
}

/** The lines of large requests: those of edges do not wait for those of other callers. */
const lines = { edge: pLimit(1), other: pLimit(1) };

/**
 * Decodes a large request in turns, with the result of `decoded`; undefined once `isGone` says that nobody waits for the
 * answer any more.
 */
export const decodedInTurns = (
  request: LargeRequest,
  isGone: () => boolean = () => false,
  line: keyof typeof lines = 'other',
): Promise<Decoded<object> | undefined> => lines[line](() => inSlices(decoding(request, isGone)).catch(undecodable));

/**
 * Decodes a request part by part. A part is one message, too: whole fields that follow each other (Protocol Buffers,
 * "Last One Wins"). A single field that is larger than a part is decoded at once. Throws FIELD_INVALID if it is too large
 * for that.
 */
function* decoding({ bytes, decode }: LargeRequest, isGone: () => boolean): Generator<void, object | undefined, void> {
  if (isGone()) return undefined;
  const empty = decode(Buffer.alloc(0)) as Record<string, unknown>;
  const request = decode(Buffer.alloc(0)) as Record<string, unknown>;
  const reader = new BinaryReader(bytes);
  let start = 0;
  while (reader.pos < reader.len) {
    const from = reader.pos;
    const [field, wireType] = reader.tag();
    reader.skip(wireType, field);
    if (reader.pos - from > MAX_FIELD_BYTES) {
      throw invalidField('', `A field of the request has more than ${MAX_FIELD_BYTES / 1024 / 1024} MiB.`);
    }
    if (reader.pos < reader.len && reader.pos - start < MAX_BYTES_AT_ONCE) continue;
    append(request, decode(bytes.subarray(start, reader.pos)), empty);
    start = reader.pos;
    yield;
    if (isGone()) return undefined;
  }
  return request;
}

/** Adds the elements of lists, and sets the other fields that the part has. */
function append(request: Record<string, unknown>, part: object, empty: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(part)) {
    const absent = empty[name];
    if (Array.isArray(absent)) for (const element of value) (request[name] as unknown[]).push(element);
    else if (value instanceof Uint8Array ? value.length > 0 : value !== absent) request[name] = value;
  }
}

/** Returns why a request cannot be decoded. */
function undecodable(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  // Filters are the only messages of the contract that nest: the generated code counts the levels.
  return error instanceof Error && error.message.includes('recursion limit')
    ? unsupportedFilter('The filter is nested too deep.')
    : invalidField('', 'The request cannot be decoded.');
}
