/** Decodes requests and encodes responses, so that a failure of either has the status that the contract says. */
import type { ServiceDefinition } from '@grpc/grpc-js';
import { MAX_MESSAGE_BYTES } from '../../proto/message-size.js';
import { type DomainError, invalidField, unsupportedFilter } from '../model/domain-error.js';

/** A request as it reaches a handler of grpc-js: the message, or the reason why it is none. */
export type Decoded<Q> = Q | DomainError;

/**
 * Returns the definition of a service whose handlers get each request as a Decoded, and return encoded responses.
 * grpc-js answers INTERNAL to a request that cannot be decoded, and RESOURCE_EXHAUSTED, which callers take for
 * overload, if the response is too large.
 */
export const encodedService = (service: ServiceDefinition): ServiceDefinition =>
  Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      {
        ...method,
        requestDeserialize: (bytes: Buffer) => decoded(bytes, method.requestDeserialize),
        responseSerialize: (bytes: Buffer) => bytes,
      },
    ]),
  );

/** Decodes a request. Returns FILTER_UNSUPPORTED for a filter nested too deep to decode, else FIELD_INVALID. */
export function decoded<Q>(bytes: Buffer, decode: (bytes: Buffer) => Q): Decoded<Q> {
  try {
    return decode(bytes);
  } catch (error) {
    // Filters are the only messages of the contract that nest: the generated code counts the levels.
    return error instanceof Error && error.message.includes('recursion limit')
      ? unsupportedFilter('The filter is nested too deep.')
      : invalidField('', 'The request cannot be decoded.');
  }
}

/** Encodes a response. Throws an error, which becomes INTERNAL, if it is larger than callers accept. */
export function encoded<R>(response: R, encode: (response: R) => Buffer, maxBytes = MAX_MESSAGE_BYTES): Buffer {
  const bytes = encode(response);
  if (bytes.length > maxBytes) throw new Error(`the response has ${bytes.length} bytes, more than ${maxBytes}`);
  return bytes;
}
