/** A SCIM service of scimmy-routers as its documentation shows it, over two maps in memory. */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';

interface Resource {
  id?: string;
}
type Stored = Record<string, unknown> & { id: string };
interface Handlers {
  ingress(handler: (resource: Resource, data: Record<string, unknown>) => Promise<Stored>): Handlers;
  egress(handler: (resource: Resource) => Promise<Stored | Stored[]>): Handlers;
  degress(handler: (resource: Resource) => Promise<void>): Handlers;
}
interface Scimmy {
  Resources: { declare(type: unknown): Handlers; User: unknown; Group: unknown };
  Types: { Error: new (status: number, scimType: string | null, detail: string) => Error };
}
interface Application {
  use(path: string, router: unknown): void;
  listen(port: number, host: string, listening: () => void): void;
}
type Routers = new (options: {
  type: string;
  handler: (request: { header(name: string): string }) => string;
}) => unknown;

const [folder = '', port = ''] = process.argv.slice(2);
const load = createRequire(join(folder, 'package.json'));
const scimmy: Scimmy = load('scimmy').default ?? load('scimmy');
const SCIMMYRouters: Routers = load('scimmy-routers').default ?? load('scimmy-routers');
const express: () => Application = load('express');

/** Declares a type whose resources have this unique name. */
function declare(type: unknown, unique: string): void {
  const resources = new Map<string, Stored>();
  const ids = new Map<string, string>();
  const notFound = () => new scimmy.Types.Error(404, null, 'not found');
  scimmy.Resources.declare(type)
    .ingress(async (resource, data) => {
      const id = resource.id ?? randomUUID();
      const name = String(data[unique]).toLowerCase();
      if (resource.id !== undefined && !resources.has(id)) throw notFound();
      if ((ids.get(name) ?? id) !== id) throw new scimmy.Types.Error(409, 'uniqueness', `${unique} is taken`);
      ids.set(name, id);
      const stored = { ...data, id };
      resources.set(id, stored);
      return stored;
    })
    .egress(async (resource) => {
      if (resource.id === undefined) return [...resources.values()];
      const found = resources.get(resource.id);
      if (!found) throw notFound();
      return found;
    })
    .degress(async (resource) => {
      if (!resources.delete(resource.id ?? '')) throw notFound();
    });
}

declare(scimmy.Resources.User, 'userName');
declare(scimmy.Resources.Group, 'displayName');
const app = express();
app.use(
  '/scim',
  new SCIMMYRouters({
    type: 'bearer',
    handler: (request) => {
      if (!request.header('Authorization')?.startsWith('Bearer ')) throw new Error('no token');
      return 'bench';
    },
  }),
);
app.listen(Number(port), '127.0.0.1', () => process.send?.('ready'));
process.on('disconnect', () => process.exit());
