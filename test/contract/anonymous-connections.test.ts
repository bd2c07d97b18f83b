/** Connections on which userstore has accepted no call: they are few, and each of them makes few calls. */
import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { expect } from 'chai';
import { testMongodbUri } from '../harness/mongod.js';
import { SERVICE_TOKENS, type Service, startUserstore } from '../harness/processes.js';
import { eventually } from '../harness/userstore.js';

const WATCH = '/grpc.health.v1.Health/Watch';
const GET_USER = '/userstore.v1.UserService/GetUser';

describe('a connection without an accepted call', () => {
  let userstore: Service;
  let address: string;
  before(async () => {
    ({ address, userstore } = await startUserstore(testMongodbUri('anonymous-connections')));
  });
  after(() => userstore.stop());

  /** Makes calls at a time; returns the call and the gRPC status of each: "open" of a stream, "none" without an answer. */
  const callAll = (opened: ClientHttp2Session, path: string, count: number, token?: string) =>
    Array.from({ length: count }, () => {
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
      const call = opened.request({ ...headers, ...authorization });
      call.on('error', () => undefined);
      const first = new Promise<string>((resolve) => {
        call.once('response', (answer) => resolve(String(answer['grpc-status'] ?? 'open')));
        call.once('close', () => resolve('none'));
      });
      call.end(Buffer.alloc(5));
      return first;
    });

  /** Connects from an address of this machine: Linux has all of 127.0.0.0/8. */
  const connectFrom = (localAddress: string) => {
    const [host = '', port = ''] = address.split(':');
    const opened = connect(`http://${address}`, {
      createConnection: () => connectSocket({ host, port: Number(port), localAddress }),
    });
    opened.on('error', () => undefined);
    return opened;
  };

  const isClosed = (opened: ClientHttp2Session) =>
    new Promise<boolean>((resolve) => {
      if (opened.destroyed) return resolve(true);
      opened.once('close', () => resolve(true));
      setTimeout(() => resolve(false), 10_000);
    });

  it('ends with many refused calls at a time, unless a call on it had a valid credential', async () => {
    const session = connectFrom('127.0.0.1');
    for (let number = 0; number < 50; number++) expect(await callAll(session, GET_USER, 1)[0]).to.equal('16');
    expect(await Promise.all(callAll(session, GET_USER, 100))).to.include('none');
    expect(await isClosed(session)).to.equal(true);

    const known = connectFrom('127.0.0.1');
    await Promise.all(callAll(known, GET_USER, 1, SERVICE_TOKENS.edge));
    expect(await Promise.all(callAll(known, GET_USER, 100))).to.deep.equal(Array(100).fill('16'));
    known.destroy();
  });

  it('gets few answers: 5000 calls at a time on 10 connections end these connections', async () => {
    for (const path of [GET_USER, WATCH]) {
      const sessions = Array.from({ length: 10 }, () => connectFrom('127.0.0.1'));
      const answers = await Promise.all(sessions.flatMap((opened) => callAll(opened, path, 500)));
      expect(answers.filter((answer) => answer !== 'none')).to.have.length.below(500);
      expect(await Promise.all(sessions.map(isClosed))).to.deep.equal(Array(10).fill(true));
    }
  });

  it('is one of at most 4 of an address: a fifth waits until the oldest has had its time', async () => {
    const sessions = Array.from({ length: 4 }, () => connectFrom('127.0.0.1'));
    for (const opened of sessions) await Promise.all(callAll(opened, GET_USER, 1));
    const fifth = connectFrom('127.0.0.1');
    expect(await Promise.all(callAll(fifth, GET_USER, 1))).to.deep.equal(['16']);
    const [oldest, ...others] = sessions as [ClientHttp2Session, ...ClientHttp2Session[]];
    expect(await isClosed(oldest)).to.equal(true);
    for (const opened of others) expect(await Promise.all(callAll(opened, GET_USER, 1))).to.deep.equal(['16']);
    for (const opened of [...others, fifth]) opened.destroy();
  });

  it('opens at most 10 streams of Health.Watch at a time, all of them 100, whose places are free when they end', async function () {
    if (process.platform !== 'linux') this.skip();
    const sessions = Array.from({ length: 11 }, (_, index) => connectFrom(`127.0.0.${2 + (index % 4)}`));
    const answers = [];
    for (const opened of sessions) answers.push(...(await Promise.all(callAll(opened, WATCH, 10))));
    expect(answers.filter((answer) => answer === 'open')).to.have.length(100);
    expect(answers.filter((answer) => answer === '8')).to.have.length(10);
    sessions[0]?.destroy();
    await eventually('a place is free', async () => {
      const opened = connectFrom('127.0.0.9');
      sessions.push(opened);
      return (await callAll(opened, WATCH, 1)[0]) === 'open';
    });
    for (const opened of sessions) opened.destroy();
  });
});
