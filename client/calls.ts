/** The contract as a function for each RPC, which a caller wraps in its own policy: turns, spans, metrics, sentences. */
import type { Method, SendOptions, Transport } from './transport.js';

/** One call, before it is sent. */
export interface Call<Response> {
  /** "UserService/GetUser" */
  rpc: string;
  request: object;
  /** Sends the request. Throws UserstoreError. */
  send: (options?: SendOptions) => Promise<Response>;
}

/** Makes a call: decides when it is sent, and on its deadline. `context` is what the caller passes after the request. */
export type CallPolicy<Context extends unknown[]> = <Response>(
  call: Call<Response>,
  ...context: Context
) => Promise<Response>;

/** A function for each method of `Methods`: `calls.getUser(request, ...context)`. */
export type Calls<Methods, Context extends unknown[]> = {
  [Name in keyof Methods]: Methods[Name] extends Method<infer Request, infer Response>
    ? (request: Request, ...context: Context) => Promise<Response>
    : never;
};

/** Returns the calls of `methods`, usually CONTRACT, over a channel; `policy` makes every call. */
export function createCalls<Methods extends Record<keyof Methods, Method<never, unknown>>, Context extends unknown[]>(
  methods: Methods,
  transport: Transport,
  policy: CallPolicy<Context>,
): Calls<Methods, Context> {
  const callOf = (method: Method<never, unknown>) => {
    const rpc = method.path.slice(method.path.lastIndexOf('.') + 1);
    return (request: never, ...context: Context): Promise<unknown> =>
      policy({ rpc, request, send: (options) => transport.unary(method, request, options) }, ...context);
  };
  const methodList = Object.entries<Method<never, unknown>>(methods);
  return Object.fromEntries(methodList.map(([name, method]) => [name, callOf(method)])) as Calls<Methods, Context>;
}
