/** Loads on userstore's own port: gRPC from clients without a service token, and one from a caller that has one. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, Metadata, status } from '@grpc/grpc-js';
import { Filter } from '../../proto/gen/userstore/v1/filter.js';
import { UserServiceClient } from '../../proto/gen/userstore/v1/user_service.js';
import { TOKENS } from '../chains.js';
import type { Load, Target } from './target.js';

const MESSAGES = 20;
const MESSAGE_MIB = 60;
const MIB = 1024 * 1024;
const STREAM_CONNECTIONS = 10;
const STREAMS_MS = 6000;
const LEVELS = 1500;
const FILTERS = 16;
const CALL_MS = 20_000;

const headers = (path: string) => ({
  ':method': 'POST',
  ':path': path,
  'content-type': 'application/grpc',
  te: 'trailers',
});

function session({ address, signal }: Target): ClientHttp2Session {
  const opened = connect(`http://${address}`);
  opened.on('error', () => undefined);
  signal.addEventListener('abort', () => opened.destroy(), { once: true });
  return opened;
}

/** The end of a call: its gRPC status, or that the connection ended without one. */
function ended(call: ClientHttp2Stream): Promise<string> {
  return new Promise((resolve) => {
    let code: unknown;
    const read = (from: Record<string, unknown>) => {
      code ??= from['grpc-status'];
    };
    call.on('response', read).on('trailers', read);
    call.on('error', () => undefined);
    call.on('close', () => resolve(code === undefined ? 'cut off' : (status[Number(code)] ?? String(code))));
    call.resume();
  });
}

/** A GetUser whose organization is 60 MiB of text, a mebibyte at a time as fast as userstore takes it. */
async function sendLargeMessage(opened: ClientHttp2Session): Promise<string> {
  const call = opened.request(headers('/userstore.v1.UserService/GetUser'));
  const end = ended(call);
  const length = MESSAGE_MIB * MIB;
  // Field 1, length-delimited, with the length as a varint of four bytes.
  const tag = Buffer.from([0x0a, ...[0, 7, 14].map((shift) => ((length >> shift) & 0x7f) | 0x80), length >> 21]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(tag.length + length, 1);
  call.write(Buffer.concat([prefix, tag]));
  const part = Buffer.alloc(MIB, 'z');
  for (let sent = 0; sent < MESSAGE_MIB && !call.destroyed; sent++) {
    if (call.write(part)) continue;
    await Promise.race([new Promise((resolve) => call.once('drain', resolve)), end]);
  }
  if (!call.destroyed) call.end();
  return await end;
}

const largeMessages: Load = {
  name: '2',
  title: `${MESSAGES} gRPC messages of ${MESSAGE_MIB} MiB without a token`,
  async prepare(target) {
    return async () => {
      const opened = session(target);
      const codes = await Promise.all(Array.from({ length: MESSAGES }, () => sendLargeMessage(opened)));
      for (const code of codes) target.count(code);
      opened.destroy();
    };
  },
};

/** Streams that stay open, over several connections. */
const streams = (name: string, title: string, path: string, count: number, token?: string): Load => ({
  name,
  title: `${count} ${title}`,
  async prepare(target) {
    return async () => {
      const sessions = Array.from({ length: STREAM_CONNECTIONS }, () => session(target));
      const credential = token === undefined ? {} : { authorization: `Bearer ${token}` };
      let open = 0;
      for (const opened of sessions) {
        for (let number = 0; number < count / STREAM_CONNECTIONS; number++) {
          const call = opened.request({ ...headers(path), ...credential });
          void ended(call).then((code) => code !== 'cut off' && target.count(code));
          call.once('data', () => open++);
          call.end(Buffer.alloc(5));
        }
      }
      await sleep(STREAMS_MS, undefined, { signal: target.signal }).catch(() => undefined);
      target.count(`open: ${open}`);
      if (open === count) target.fault('no limit');
      for (const opened of sessions) opened.destroy();
    };
  },
});

const WATCH = '/grpc.health.v1.Health/Watch';
const EVENTS = '/userstore.v1.EventService/WatchEvents';

const deepFilter: Load = {
  name: 'filter',
  title: `${FILTERS} gRPC filters ${LEVELS} levels deep`,
  async prepare(target) {
    const { organizationId } = await target.createTenant();
    let filter = Filter.fromPartial({ expression: { $case: 'presence', value: { field: 'title' } } });
    for (let level = 1; level < LEVELS; level++) filter = { expression: { $case: 'negation', value: { filter } } };
    return async () => {
      const client = new UserServiceClient(target.address, credentials.createInsecure());
      const metadata = new Metadata();
      metadata.set('authorization', `Bearer ${TOKENS.edge}`);
      const call = () =>
        new Promise<void>((resolve) => {
          const request = { organizationId, filter, order: undefined, skip: 0 };
          client.listUsers(request, metadata, { deadline: Date.now() + CALL_MS }, (error) => {
            target.count(status[error?.code ?? 0] ?? 'unknown');
            resolve();
          });
        });
      await Promise.all(Array.from({ length: FILTERS }, call));
      if (target.has('INTERNAL')) target.fault('INTERNAL');
      client.close();
    };
  },
};

/** The loads on userstore's port. */
export const RPC_LOADS: Load[] = [
  largeMessages,
  streams('watch', 'Health.Watch streams without a token', WATCH, 5000),
  streams('streams', 'streams of events of one caller', EVENTS, 500, TOKENS.admin),
  deepFilter,
];
