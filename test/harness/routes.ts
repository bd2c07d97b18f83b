/** The routes of an Express application, read from the application itself. */
import type { Express } from 'express';

/** Returns each route as "GET /path", those of its routers too. */
export function routesOf(app: Express): string[] {
  return routesIn(app.router.stack as unknown as Layer[]);
}

/** A part of an application: a route, or a handler that may be a router. */
interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
  handle?: { stack?: Layer[] };
}

const routesIn = (layers: readonly Layer[]): string[] =>
  layers.flatMap(({ route, handle }) =>
    route
      ? Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`)
      : routesIn(handle?.stack ?? []),
  );
