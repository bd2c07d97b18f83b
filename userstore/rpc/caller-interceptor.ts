/**
 * The check of a call's headers. It runs before grpc-js reads a byte of the message, so that a client without a valid
 * credential cannot make userstore store or decode messages.
 */
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js';
import type { Caller, CheckCaller } from './callers.js';
import { OverloadedError } from './load-shedding.js';
import { statusOf } from './status.js';
import { type CallTools, nameOf } from './unary.js';

const HEALTH = '/grpc.health.v1.Health/';
/** The maximum number of open Health.Watch streams. They need no credential, so nothing else bounds them. */
const MAX_HEALTH_WATCHES = 100;

/** The interceptor, and the callers that it has accepted. */
export interface CallerInterceptor {
  intercept: ServerInterceptor;
  /** Returns the caller of a call by the call's metadata. */
  callerOf: (metadata: Metadata) => Caller | undefined;
}

/** Creates the interceptor of one server. Health checks need no caller. */
export function createCallerInterceptor({
  checkCaller,
  log,
  observe,
}: Pick<CallTools, 'log' | 'observe'> & { checkCaller: CheckCaller }): CallerInterceptor {
  const callers = new WeakMap<Metadata, Caller>();
  let watches = 0;

  /**
   * Accepts a call and returns the function to run when it ends. Throws CALLER_UNKNOWN, CALLER_FORBIDDEN,
   * OverloadedError.
   */
  const accept = (path: string, metadata: Metadata, call: ServerInterceptingCallInterface): (() => void) => {
    if (path === `${HEALTH}Watch`) {
      if (watches >= MAX_HEALTH_WATCHES) throw new OverloadedError();
      watches++;
      return () => {
        watches--;
      };
    }
    if (!path.startsWith(HEALTH)) {
      callers.set(metadata, checkCaller({ metadata, getAuthContext: () => call.getAuthContext() }, path));
    }
    return () => undefined;
  };

  const refuse = (path: string, metadata: Metadata, call: ServerInterceptingCallInterface, error: unknown) => {
    const refusal = statusOf(error);
    const code = status[refusal.code] as string;
    observe(nameOf(path), metadata).end(code);
    log.info({ rpc: nameOf(path), requestId: metadata.get('x-request-id')[0], code }, 'call failed');
    call.sendStatus(refusal);
  };

  const intercept: ServerInterceptor = ({ path }, call) => {
    let release: (() => void) | undefined;
    const end = () => {
      release?.();
      release = undefined;
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, proceed) => {
            try {
              release = accept(path, metadata, call);
            } catch (error) {
              refuse(path, metadata, call, error);
              return;
            }
            proceed(metadata);
          },
          onCancel: end,
        }),
      sendStatus: (sent, next) => {
        end();
        next(sent);
      },
    });
  };
  return { intercept, callerOf: (metadata) => callers.get(metadata) };
}
