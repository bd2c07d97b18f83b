/**
 * The steps of every call whose caller the interceptor has accepted: load shedding, deadline, handler, log line. A
 * handler is an async function that throws.
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
import { beginCall, pauseOf } from '../deadlines.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import type { Caller } from './callers.js';
import type { Decoded } from './decoding.js';
import type { LoadShedder, Pause } from './load-shedding.js';
import { type EncodedResponse, encodedInTurns } from './messages.js';
import { statusOf } from './status.js';

/** The deadline of a call that has none. */
const DEFAULT_DEADLINE_MS = 30_000;
/** The longest that a call may take. */
const MAX_DEADLINE_MS = 120_000;

/** The tools that every call needs. */
export interface CallTools {
  /** Returns the caller that the interceptor has accepted. */
  callerOf: (metadata: Metadata) => Caller | undefined;
  log: Logger;
  loadShedder: LoadShedder;
  /**
   * Observes a call ("UserService/GetUser"): `run` runs its work, `end` takes its gRPC code and the name of its caller,
   * undefined if the call proves none.
   */
  observe: (
    rpc: string,
    metadata: Metadata,
  ) => { run: <T>(work: () => Promise<T>) => Promise<T>; end: (code: string, caller: string | undefined) => void };
}

type Methods = Record<string, MethodDefinition<never, never>>;
type Request<M> = M extends { requestDeserialize: (bytes: Buffer) => infer Q } ? Q : never;
type Response<M> = M extends { responseDeserialize: (bytes: Buffer) => infer R } ? R : never;

/** An async function for each RPC of a service; `deadline` is in epoch milliseconds. */
export type Handlers<S> = {
  [Method in keyof S]: (
    request: Request<S[Method]>,
    deadline: number,
    caller: Caller,
  ) => Promise<Response<S[Method]> | EncodedResponse>;
};

/** Returns the handlers that grpc-js calls for these async functions, for the definition `encodedService(service)`. */
export function unaryHandlers<S>(service: S, handlers: Handlers<S>, tools: CallTools) {
  const wrapped = Object.entries(service as Methods).map(([name, { path, responseSerialize }]) => {
    const handler = handlers[name as keyof S] as Handler<unknown, object>;
    const encodedHandler: Handler<unknown, Buffer> = async (request, deadline, caller) =>
      encodedInTurns(
        await handler(request, deadline, caller),
        responseSerialize as (response: object) => Buffer,
        pauseOf(deadline),
      );
    return [name, unary(path, encodedHandler, tools)];
  });
  return Object.fromEntries(wrapped) as { [Method in keyof S]: handleUnaryCall<Decoded<Request<S[Method]>>, Buffer> };
}

type Handler<Q, R> = (request: Q, deadline: number, caller: Caller) => Promise<R>;

function unary<Q>(
  path: string,
  handler: Handler<Q, Buffer>,
  { callerOf, log, loadShedder, observe }: CallTools,
): handleUnaryCall<Decoded<Q>, Buffer> {
  const rpc = nameOf(path);
  const isRead = READS.test(rpc);
  const isPolled = POLLED.has(rpc);
  return (call, callback) => {
    const start = performance.now();
    const { run, end } = observe(rpc, call.metadata);
    const caller = callerOf(call.metadata);
    const answer = async () => {
      if (!caller) throw new Error(`no interceptor has checked the caller of ${path}`);
      const { request } = call;
      if (request instanceof DomainError) throw request;
      checkRequest(request);
      return await loadShedder.run({ caller, isGone: () => isGone(call) }, (pause) =>
        withDeadline(call, isRead, pause, (deadline) => handler(request, deadline, caller)),
      );
    };
    run(answer).then(
      (response) => {
        end('OK', caller?.name);
        log[isPolled ? 'debug' : 'info'](line(rpc, call, caller, start), 'call');
        callback(null, response);
      },
      (error: unknown) => {
        const failure = statusOf(error);
        end(status[failure.code], caller?.name);
        const level =
          failure.code === status.INTERNAL ? 'error' : failure.code === status.UNAVAILABLE ? 'warn' : 'info';
        const fields = { ...line(rpc, call, caller, start), code: status[failure.code] };
        log[level]({ ...fields, ...causeOf(error, failure.code) }, 'call failed');
        callback(failure);
      },
    );
  };
}

/**
 * Calls that only read: their commands end when the caller cancels. A change goes on, because the half of it may be
 * written.
 */
const READS = /\/(Get|BatchGet|List|Find|Verify|Check)/;

/** Calls that every edge makes each second, whatever happens: their lines would bury all others. */
const POLLED = new Set(['WebhookService/AcquireWebhooks']);

/** Runs a call with its deadline, and cancels the commands of a read with it. */
async function withDeadline<T>(
  call: ServerUnaryCall<unknown, unknown>,
  isRead: boolean,
  pause: Pause | undefined,
  run: (deadline: number) => Promise<T>,
): Promise<T> {
  const { deadline, cancel, end } = beginCall(deadlineOf(call), pause);
  if (isRead) call.on('cancelled', cancel);
  try {
    return await run(deadline);
  } finally {
    end();
  }
}

/**
 * Returns the cause for the log: the error itself if it is unexpected, else its message unless the code says enough.
 */
function causeOf(error: unknown, code: status): { err?: unknown; reason?: string } {
  if (code === status.INTERNAL) return { err: error };
  return error instanceof Error && !(error instanceof DomainError) ? { reason: error.message } : {};
}

/** Returns the name of a method without its package. */
export const nameOf = (path: string) => path.slice(path.lastIndexOf('.') + 1);

/** Returns the deadline of a call in epoch milliseconds, with the default and the maximum of all calls. */
export function deadlineOf(call: Pick<ServerUnaryCall<unknown, unknown>, 'getDeadline'>): number {
  const deadline = call.getDeadline();
  const ms = deadline instanceof Date ? deadline.getTime() : deadline;
  return Number.isFinite(ms) ? Math.min(ms, Date.now() + MAX_DEADLINE_MS) : Date.now() + DEFAULT_DEADLINE_MS;
}

/** Returns whether nobody waits for the answer any more. */
const isGone = (call: ServerUnaryCall<unknown, unknown>): boolean => call.cancelled || deadlineOf(call) <= Date.now();

/** The fields that the contract requires in every request that has them. */
interface Required {
  /** Only "" if `allOrganizations`, which few requests have. */
  organizationId?: string;
  allOrganizations?: boolean;
  actor?: Actor;
}

/** Checks the fields that the contract requires in every request that has them. Throws FIELD_INVALID. */
function checkRequest(request: unknown): void {
  const { organizationId, allOrganizations, actor } = request as Required;
  if (organizationId === '' && !allOrganizations)
    throw invalidField('organization_id', 'The request names no organization.');
  if (Object.hasOwn(request as object, 'actor') && !(actor?.caller && actor.requestId)) {
    throw invalidField('actor', 'The request does not say who acts, and by which request.');
  }
}

const ORGANIZATION_ID = /^[a-z\d]{1,32}$/;
const UUID_V7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/i;

/** Masks text that is not an id of this form: it may be a secret in the wrong field. */
const loggedId = (id: string | undefined, form: RegExp) => (id === undefined || form.test(id) ? id : '…');

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
    organizationId: loggedId(organizationId, ORGANIZATION_ID),
    userId: loggedId(userId, UUID_V7),
    groupId: loggedId(groupId, UUID_V7),
    ms: Math.round((performance.now() - start) * 100) / 100,
  };
}
