/**
 * Load shedding: userstore refuses calls beyond a maximum in flight before they use any resources. Each service has its
 * own share of the maximum, few of its calls run at a time, and edges' calls go first (turns.ts): however much a service
 * sends, Okta and the people who sign in are served.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from './callers.js';
import { createTurns, type Turn } from './turns.js';

/** The parts of the maximum that the calls of one service may take, and those of all services. The rest is for edges. */
const SHARES = { service: 1 / 4, services: 3 / 4 };
/** The calls of one service that run at a time while edges call, and while they do not. The others wait. */
const RUNNING = { busy: 4, quiet: 16 };
/** The delay of the refusal of a service, which limits one that ignores it. */
const REFUSAL_MS = 500;

/** Too many calls are in flight; another userstore, or this one later, may answer. */
export class OverloadedError extends Error {
  /** Whether the client's library may send the call again, in milliseconds; undefined: it must not. */
  readonly retryMs: number | undefined;

  constructor(message = 'Too many calls at once; try again.', retryMs?: number) {
    super(message);
    this.retryMs = retryMs;
  }
}

/** A call: who makes it, and whether its client is gone, so that it need not begin. */
export interface AdmittedCall {
  caller: Caller;
  isGone: () => boolean;
}

/** Gives other calls their turn if it is time: undefined if it is not. */
export type Pause = Turn['pause'];

/** The calls in flight of one service. */
interface Service {
  inFlight: number;
  running: number;
  /** Begins a call that waits. */
  waiting: (() => void)[];
}

/** The calls in flight of one userstore. */
export type LoadShedder = ReturnType<typeof createLoadShedder>;

/**
 * Creates a load shedder for at most `maxCalls` calls in flight; calls `refused` with the caller's name for each call
 * beyond.
 */
export function createLoadShedder(maxCalls: number, refused: (caller: string) => void) {
  const turns = createTurns();
  const services = new Map<string, Service>();
  const most = (share: number) => Math.max(1, Math.floor(maxCalls * share));
  let inFlight = 0;
  let ofServices = 0;
  let delayed = 0;

  const count = async <T>(call: () => Promise<T>): Promise<T> => {
    inFlight++;
    try {
      return await call();
    } finally {
      inFlight--;
    }
  };

  /** Refuses a call of a service, late unless too many such calls wait already. */
  const refuseLate = async (name: string): Promise<never> => {
    refused(name);
    if (delayed < maxCalls) {
      delayed++;
      await sleep(REFUSAL_MS);
      delayed--;
    }
    throw new OverloadedError('This service has too many calls at once; try again later.', REFUSAL_MS);
  };

  const beginNext = (service: Service): void => {
    const most = turns.isBusy() ? RUNNING.busy : RUNNING.quiet;
    while (service.running < most && service.waiting.length > 0) {
      service.running++;
      service.waiting.shift()?.();
    }
  };

  /** Runs a call of a service when it is its turn. */
  const runInTurn = async <T>(
    { caller: { name }, isGone }: AdmittedCall,
    service: Service,
    call: (pause: Pause) => Promise<T>,
  ): Promise<T> => {
    await new Promise<void>((resolve) => {
      service.waiting.push(resolve);
      beginNext(service);
    });
    try {
      if (isGone()) throw new OverloadedError();
      return await inTurn(name, call);
    } finally {
      service.running--;
      beginNext(service);
    }
  };

  const inTurn = async <T>(name: string, call: (pause: Pause) => Promise<T>): Promise<T> => {
    const turn = await turns.take(name);
    try {
      return await call(turn.pause);
    } finally {
      turn.end();
    }
  };

  return {
    inFlight: () => inFlight,

    /** Runs a call. It should pause between parts of its work. Throws OverloadedError. */
    async run<T>(admitted: AdmittedCall, call: (pause?: Pause) => Promise<T>): Promise<T> {
      const { name, role } = admitted.caller;
      if (role === 'edge') {
        if (inFlight < maxCalls) return await count(() => turns.first(call));
        refused(name);
        throw new OverloadedError();
      }
      const service = services.get(name) ?? { inFlight: 0, running: 0, waiting: [] };
      if (inFlight >= maxCalls || ofServices >= most(SHARES.services) || service.inFlight >= most(SHARES.service)) {
        return await refuseLate(name);
      }
      services.set(name, service);
      ofServices++;
      service.inFlight++;
      try {
        return await count(() => runInTurn(admitted, service, call));
      } finally {
        ofServices--;
        service.inFlight--;
        if (service.inFlight === 0) services.delete(name);
      }
    },

    /** Runs a part of the work of a service's stream when it is its turn. */
    inTurn,
  };
}
