/** The services as objects: `users.get`, `users.list`, `groups.create`, with requests that leave out what has a default. */
import { Metadata } from '@grpc/grpc-js';
import { SERVICES } from './contract.js';
import { type PageRequest, Pages } from './pages.js';
import type { Method, Transport } from './transport.js';

/** How one call differs from the others of its client. */
export interface CallOptions {
  /** Id of the request that causes the call: the logs of both services then contain it. */
  requestId?: string | undefined;
  /** Longest time of the call, in milliseconds. */
  deadlineMs?: number | undefined;
  /** Cancels the call. A change that is cancelled may or may not have happened. */
  signal?: AbortSignal | undefined;
}

/** A message of which every field may be left out. */
export type Partially<Message> = Message extends Date | Uint8Array | string | number | boolean | undefined
  ? Message
  : Message extends readonly (infer Element)[]
    ? readonly Partially<Element>[]
    : Message extends { $case: infer Case; value: infer Value }
      ? { $case: Case; value: Partially<Value> }
      : { [Key in keyof Message]?: Partially<Message[Key]> | undefined };

/** A request: texts that the contract has without `optional` are required, such as `organizationId`. */
export type RequestOf<Message> = {
  [Key in keyof Message as Message[Key] extends string ? Key : never]: Message[Key];
} & {
  [Key in keyof Message as Message[Key] extends string ? never : Key]?: Partially<Message[Key]> | undefined;
};

type Services = typeof SERVICES;
type NounOf<Service> = Service extends { noun: infer Noun extends string; plural: infer Plural extends string }
  ? Noun | Plural
  : never;
/** The name of a method without the noun of its service. */
type Verb<Name extends string, Noun extends string> = Name extends `${infer Short}${Noun}` ? Short : Name;

type CallOf<Request, Response> = 'nextPageToken' extends keyof Response
  ? (request: RequestOf<Request>, options?: CallOptions) => Pages<Response & object>
  : (request: RequestOf<Request>, options?: CallOptions) => Promise<Response>;

type ServiceOf<Methods, Noun extends string> = {
  [Name in keyof Methods & string as Verb<Name, Noun>]: Methods[Name] extends Method<infer Request, infer Response>
    ? CallOf<Request, Response>
    : never;
};

/** All services of the contract. Every call throws UserstoreError; a list is a Pages, every other call a promise. */
export type ServiceClients = {
  [Name in keyof Services]: ServiceOf<Services[Name]['methods'], NounOf<Services[Name]>>;
};

/** Returns the services over a channel. */
export function servicesOver(transport: Transport): ServiceClients {
  const services = Object.entries(SERVICES).map(([name, { noun, plural, methods, messages }]) => {
    const shorter = new RegExp(`^(.+)(?:${noun}|${plural})$`);
    const calls = Object.entries(methods).map(([method, definition]) => [
      method.replace(shorter, '$1'),
      callOf(transport, definition, requestIn(messages, method)),
    ]);
    return [name, Object.fromEntries(calls)];
  });
  return Object.fromEntries(services);
}

type AnyMethod = Method<never, unknown>;
type FromPartial = (request: object) => never;

function callOf(transport: Transport, method: AnyMethod, fromPartial: FromPartial) {
  const call = (request: object, { requestId, deadlineMs, signal }: CallOptions = {}) => {
    const metadata = new Metadata();
    if (requestId !== undefined) metadata.set('x-request-id', requestId);
    const deadline = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    return transport.unary(method, fromPartial(request), { metadata, signal, ...deadline }) as Promise<object>;
  };
  const hasPages = 'nextPageToken' in (method.responseDeserialize(Buffer.alloc(0)) as object);
  if (!hasPages) return call;
  return (request: object, options?: CallOptions) =>
    new Pages((paging: PageRequest) => call({ ...request, ...paging }, options));
}

/** Returns the constructor of a method's request: buf's lint rules give each method its own. */
function requestIn(messages: object, method: string): FromPartial {
  const name = `${method.charAt(0).toUpperCase()}${method.slice(1)}Request`;
  const found = Object.entries(messages).find(([message]) => message === name)?.[1] as
    | { fromPartial: FromPartial }
    | undefined;
  if (!found) throw new Error(`the contract has no ${name}`);
  return found.fromPartial;
}
