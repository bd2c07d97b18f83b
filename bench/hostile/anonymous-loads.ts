/** Loads of anonymous clients: silent connections, and setup pages of organizations that do not exist. */
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { openFiles } from '../processes.js';
import { asAdmin, type Load, times } from './target.js';

const SILENT_CONNECTIONS = 10_300;
const SILENCE_MS = 7000;
/** Fewer than the kernel keeps for the edge until it accepts them. */
const CONNECTIONS_AT_ONCE = 200;
const BETWEEN_MS = 50;
/** The edge says that a setup page is up to 3 s old; a second passes between two requests. */
const LONGEST_SHOWN_S = 5;
/** The process of the bench needs files for itself. */
const SPARE_FILES = 300;

const silentConnections: Load = {
  name: 'I',
  title: `${SILENT_CONNECTIONS} silent connections`,
  leastSeconds: 10,
  meetsNewClients: true,
  async prepare({ port, signal, count, edge }) {
    const limit = await fileLimit();
    const number = Math.min(SILENT_CONNECTIONS, limit - (await openFiles(process.pid)) - SPARE_FILES);
    return async () => {
      const sockets: Socket[] = [];
      while (sockets.length < number && !signal.aborted) {
        const batch = Math.min(CONNECTIONS_AT_ONCE, number - sockets.length);
        sockets.push(
          ...times(batch, () =>
            connect(port, '127.0.0.1')
              .on('error', () => undefined)
              .resume(),
          ),
        );
        await sleep(BETWEEN_MS);
      }
      await sleep(SILENCE_MS, undefined, { signal }).catch(() => undefined);
      count(`open of ${number}: ${sockets.filter((socket) => !socket.destroyed && !socket.connecting).length}`);
      count(`files of the edge: ${await openFiles(edge.pid).catch(() => 0)}`);
      for (const socket of sockets) socket.destroy();
    };
  },
};

/** The most files that this process may open. */
async function fileLimit(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8');
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 1024);
}

const setupLookups: Load = {
  name: 'J',
  title: 'setup pages of unknown organizations, 32 at a time for 5 s',
  async prepare(target) {
    return async () => {
      const end = Date.now() + 5000;
      const look = async () => {
        while (Date.now() < end && !target.signal.aborted) {
          await target.ask({ path: `/${uuidv7().replaceAll('-', '')}/setup` });
        }
      };
      await Promise.all(times(32, look));
      if (!target.has(429)) target.fault('no limit');
    };
  },
};

const deletedSetupPage: Load = {
  name: 'J',
  title: 'setup page of a deleted organization, asked each second',
  async prepare(target) {
    const { organizationId } = await target.createTenant();
    const path = `/${organizationId}/setup`;
    return async () => {
      await target.ask({ path });
      await asAdmin(target.address, (admin) => admin.deleteOrganization(organizationId));
      const start = Date.now();
      while (Date.now() - start < 20_000 && (await target.ask({ path })) === 200) await sleep(1000);
      const seconds = Math.round((Date.now() - start) / 1000);
      target.count(`shown for ${seconds} s`);
      if (seconds > LONGEST_SHOWN_S) target.fault('still shown');
    };
  },
};

/** The loads of anonymous clients, in the order in which they run. */
export const ANONYMOUS_LOADS: Load[] = [silentConnections, setupLookups, deletedSetupPage];
