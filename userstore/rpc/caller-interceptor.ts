/**
 * The checks of every call, unary or a stream. That of the headers runs before grpc-js reads a byte of the message, so
 * that a client without a valid credential cannot make userstore store or decode messages. That of the decoded request
 * holds a caller to its organizations, and names it as the one who acts.
 */
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError } from '../model/domain-error.js';
import type { Caller, CheckCaller } from './callers.js';
import type { Connections } from './connections.js';
import { decodedInTurns, LargeRequest } from './decoding.js';
import { checkOrganization } from './held-callers.js';
import { OverloadedError } from './load-shedding.js';
import { statusOf } from './status.js';
import { type CallTools, deadlineOf, nameOf } from './unary.js';

const HEALTH = '/grpc.health.v1.Health/';
/** The maximum number of open Health.Watch streams. They need no credential, so nothing else bounds them. */
const MAX_HEALTH_WATCHES = 100;

/** One error for all such refusals, since each stack takes time. */
const TOO_MANY_WATCHES = new OverloadedError();

/** The interceptor, and the callers that it has accepted. */
export interface CallerInterceptor {
  intercept: ServerInterceptor;
  /** Returns the caller of a call by the call's metadata. */
  callerOf: (metadata: Metadata) => Caller | undefined;
}

/** Creates the interceptor of one server. Health checks need no caller. */
export function createCallerInterceptor({
  checkCaller,
  connections,
  log,
  observe,
}: Pick<CallTools, 'log' | 'observe'> & { checkCaller: CheckCaller; connections: Connections }): CallerInterceptor {
  const callers = new WeakMap<Metadata, Caller>();
  let watches = 0;

  /**
   * Accepts a call and returns the function to run when it ends. Throws CALLER_UNKNOWN, CALLER_FORBIDDEN,
   * OverloadedError.
   */
  const accept = (path: string, metadata: Metadata, call: ServerInterceptingCallInterface): (() => void) => {
    if (path === `${HEALTH}Watch`) {
      if (watches >= MAX_HEALTH_WATCHES || !connections.hasCallLeft(call.getConnectionInfo())) throw TOO_MANY_WATCHES;
      watches++;
      return () => {
        watches--;
      };
    }
    if (!path.startsWith(HEALTH)) {
      callers.set(metadata, checkCaller({ metadata, getAuthContext: () => call.getAuthContext() }, path));
      connections.accepted(call.getConnectionInfo());
    }
    return () => undefined;
  };

  /** Throws CALLER_FORBIDDEN. A request that could not be decoded is the handler's to refuse. */
  const admit = (path: string, caller: Caller | undefined, request: object): void => {
    if (!caller || request instanceof DomainError) return;
    checkOrganization(caller, path, request);
    const { actor } = request as { actor?: Actor };
    if (actor) actor.caller = caller.name;
  };

  const refuse = (path: string, metadata: Metadata, call: ServerInterceptingCallInterface, error: unknown) => {
    const isForbidden = error instanceof DomainError && error.reason === ErrorReason.ERROR_REASON_CALLER_FORBIDDEN;
    if (isForbidden) connections.accepted(call.getConnectionInfo());
    else if (!connections.hasCallLeft(call.getConnectionInfo())) return;
    const refusal = statusOf(error);
    const code = status[refusal.code] as string;
    const caller = callers.get(metadata)?.name;
    observe(nameOf(path), metadata).end(code, caller);
    log.info({ rpc: nameOf(path), caller, requestId: metadata.get('x-request-id')[0], code }, 'call failed');
    call.sendStatus(refusal);
  };

  const intercept: ServerInterceptor = ({ path }, call) => {
    let release: (() => void) | undefined;
    let headers: Metadata;
    let isGone = false;
    const end = () => {
      release?.();
      release = undefined;
    };
    /** Runs a check; a call that it refuses goes no further. */
    const checked = (check: () => void, proceed: () => void) => {
      try {
        check();
      } catch (error) {
        refuse(path, headers, call, error);
        return;
      }
      proceed();
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, proceed) => {
            headers = metadata;
            const check = () => {
              release = accept(path, metadata, call);
            };
            checked(check, () => proceed(metadata));
          },
          onReceiveMessage: (received: object, proceed) => {
            const checkRequest = (request: object) =>
              checked(
                () => admit(path, callers.get(headers), request),
                () => proceed(request),
              );
            if (!(received instanceof LargeRequest)) {
              checkRequest(received);
              return;
            }
            const line = callers.get(headers)?.role === 'edge' ? 'edge' : 'other';
            void decodedInTurns(received, () => isGone || deadlineOf(call) <= Date.now(), line).then(
              (request) => request && !isGone && checkRequest(request),
            );
          },
          onCancel: () => {
            isGone = true;
            end();
          },
        }),
      sendStatus: (sent, next) => {
        end();
        next(sent);
      },
    });
  };
  return { intercept, callerOf: (metadata) => callers.get(metadata) };
}
