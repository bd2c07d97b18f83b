/** The output of a log in JSON: lines are written together, since a write of each costs up to a tenth of a service's time. */
import { write, writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

/** Lines wait until they have this length, in characters, or for this time. A killed process loses those that wait. */
const TOGETHER = 4096;
const WAIT_MS = 100;

/**
 * Creates the output. When the process exits, it writes the lines that wait; without a reader, it writes nothing more. The
 * stream of pino itself repeats that last write for ever when its reader has gone, so the process never ends.
 */
export function createOutput(fd: number): DestinationStream {
  let waiting = '';
  let underWay: Uint8Array = Buffer.alloc(0);

  const send = () =>
    write(fd, underWay, (error, count) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(send, WAIT_MS).unref();
        return;
      }
      underWay = error ? Buffer.alloc(0) : underWay.subarray(count);
      if (underWay.length > 0) send();
      else if (waiting.length >= TOGETHER) flush();
    });
  function flush(): void {
    if (underWay.length > 0 || waiting === '') return;
    underWay = Buffer.from(waiting);
    waiting = '';
    send();
  }
  setInterval(flush, WAIT_MS).unref();
  process.once('exit', () => writeAll(fd, Buffer.from(waiting)));
  return {
    write(line) {
      waiting += line;
      if (waiting.length >= TOGETHER) flush();
    },
  };
}

/** Writes the bytes; gives up if the reader has gone, or takes nothing at the moment. */
function writeAll(fd: number, bytes: Uint8Array): void {
  try {
    for (let rest = bytes; rest.length > 0; ) rest = rest.subarray(writeSync(fd, rest));
  } catch {
    // There is no other place for the lines.
  }
}
