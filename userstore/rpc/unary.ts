/**
 * The way every call takes: caller check, room, deadline, handler, log line. A handler is an async function that
 * throws.
 */
import {
  type handleUnaryCall,
  type Metadata,
  type MethodDefinition,
  type ServerUnaryCall,
  status,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import type { Caller, createCallerCheck } from './callers.js';
import type { LoadShedder } from './load-shedding.js';
import { statusOf } from './status.js';

/** In milliseconds, for a call that names no deadline. */
const DEFAULT_DEADLINE_MS = 30_000;
/** No call may take longer. */
const MAX_DEADLINE_MS = 120_000;

/** What every RPC needs. */
export interface CallTools {
  checkCaller: ReturnType<typeof createCallerCheck>;
  log: Logger;
  room: LoadShedder;
  /**
   * Told of each call ("UserService/GetUser"): `run` does the call's work, `end` is told the code that it ended with.
   */
  observe: (
    rpc: string,
    metadata: Metadata,
  ) => { run: <T>(work: () => Promise<T>) => Promise<T>; end: (code: string) => void };
}

type Methods = Record<string, MethodDefinition<never, never>>;
type Request<M> = M extends { requestDeserialize: (bytes: Buffer) => infer Q } ? Q : never;
type Response<M> = M extends { responseDeserialize: (bytes: Buffer) => infer R } ? R : never;

/** One async function for each RPC of a service; `deadline` is in epoch milliseconds. */
export type Handlers<S> = {
  [Method in keyof S]: (request: Request<S[Method]>, deadline: number) => Promise<Response<S[Method]>>;
};

/** Makes grpc-js handlers of async functions. */
export function unaryHandlers<S>(service: S, handlers: Handlers<S>, tools: CallTools) {
  const wrapped = Object.entries(service as Methods).map(([name, { path }]) => {
    const handler = handlers[name as keyof S] as (request: unknown, deadline: number) => Promise<unknown>;
    return [name, unary(path, handler, tools)];
  });
  return Object.fromEntries(wrapped) as {
    [Method in keyof S]: handleUnaryCall<Request<S[Method]>, Response<S[Method]>>;
  };
}

function unary<Q, R>(
  path: string,
  handler: (request: Q, deadline: number) => Promise<R>,
  { checkCaller, log, room, observe }: CallTools,
): handleUnaryCall<Q, R> {
  const rpc = nameOf(path);
  return (call, callback) => {
    const start = performance.now();
    const { run, end } = observe(rpc, call.metadata);
    let caller: Caller | undefined;
    const answer = async () => {
      caller = checkCaller(call, path);
      checkRequest(call.request);
      return await room.work(() => handler(call.request, deadlineOf(call)));
    };
    run(answer).then(
      (response) => {
        end('OK');
        log.info(line(rpc, call, caller, start), 'call');
        callback(null, response);
      },
      (error: unknown) => {
        const failure = statusOf(error);
        end(status[failure.code]);
        const level =
          failure.code === status.INTERNAL ? 'error' : failure.code === status.UNAVAILABLE ? 'warn' : 'info';
        const fields = { ...line(rpc, call, caller, start), code: status[failure.code] };
        log[level]({ ...fields, ...causeOf(error, failure.code) }, 'call failed');
        callback(failure);
      },
    );
  };
}

/** What the log says of a cause: where nobody has foreseen it, all; else one sentence, unless the code says enough. */
function causeOf(error: unknown, code: status): { err?: unknown; reason?: string } {
  if (code === status.INTERNAL) return { err: error };
  return error instanceof Error && !(error instanceof DomainError) ? { reason: error.message } : {};
}

/** The name of a method without its package. */
const nameOf = (path: string) => path.slice(path.lastIndexOf('.') + 1);

function deadlineOf(call: ServerUnaryCall<unknown, unknown>): number {
  const deadline = call.getDeadline();
  const ms = deadline instanceof Date ? deadline.getTime() : deadline;
  return Number.isFinite(ms) ? Math.min(ms, Date.now() + MAX_DEADLINE_MS) : Date.now() + DEFAULT_DEADLINE_MS;
}

/** What the contract demands of every request that has these fields. */
function checkRequest(request: unknown): void {
  const { organizationId, actor } = request as { organizationId?: string; actor?: Actor | undefined };
  if (organizationId === '') throw invalidField('organization_id', 'The request names no organization.');
  if (Object.hasOwn(request as object, 'actor') && !(actor?.caller && actor.requestId)) {
    throw invalidField('actor', 'The request does not say who acts, and by which request.');
  }
}

const ORGANIZATION_ID = /^[a-z\d]{1,32}$/;
const UUID_V7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/i;

/** An id that could be one of ours; what else is there may be a secret that somebody put in the wrong place. */
const known = (id: string | undefined, form: RegExp) => (id === undefined || form.test(id) ? id : '…');

function line(rpc: string, call: ServerUnaryCall<unknown, unknown>, caller: Caller | undefined, start: number) {
  const { organizationId, userId, groupId, actor } = call.request as {
    organizationId?: string;
    userId?: string;
    groupId?: string;
    actor?: Actor;
  };
  return {
    rpc,
    caller: caller?.name,
    requestId: actor?.requestId ?? call.metadata.get('x-request-id')[0],
    apiTokenId: actor?.apiTokenId,
    person: actor?.person?.slice(0, 64),
    organizationId: known(organizationId, ORGANIZATION_ID),
    userId: known(userId, UUID_V7),
    groupId: known(groupId, UUID_V7),
    ms: Math.round((performance.now() - start) * 100) / 100,
  };
}
