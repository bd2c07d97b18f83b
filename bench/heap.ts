/**
 * Accounts for the JavaScript heap of a service by owner, from a heap snapshot: a node of the heap belongs to the package,
 * the part of Node.js or the folder of the project whose function is nearest to it on the way of references.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { table } from './report.js';

const WAIT_MS = 60_000;
const POLL_MS = 500;
const TOP_OWNERS = 14;
const MIB = 1024 * 1024;

/** The columns of the account. Source text is that of functions that V8 may have to compile again. */
const KINDS = ['source text', 'code', 'objects', 'buffers'] as const;
type Kind = (typeof KINDS)[number];

/** Nodes and edges are rows of numbers, whose fields and types `meta` names. */
const snapshot = z.object({
  snapshot: z.object({
    meta: z.object({
      node_fields: z.array(z.string()),
      node_types: z.tuple([z.array(z.string())]).rest(z.unknown()),
      edge_fields: z.array(z.string()),
      edge_types: z.tuple([z.array(z.string())]).rest(z.unknown()),
    }),
  }),
  nodes: z.array(z.number()),
  edges: z.array(z.number()),
  strings: z.array(z.string()),
});

/** A heap: for each node its type, name, size in bytes, and edges. */
interface Heap {
  types: string[];
  names: string[];
  sizes: Float64Array;
  /** The edges of node n are those from `first[n]` to `first[n + 1]`. */
  first: Uint32Array;
  targets: Uint32Array;
  labels: string[];
  isWeak: Uint8Array;
}

/** Flags of Node.js with which `heapByOwner` can ask a process for a snapshot. */
export const snapshotFlags = (folder: string) => ['--heapsnapshot-signal=SIGUSR2', `--diagnostic-dir=${folder}`];

/** Returns a table of the heap of a process that has been started with `snapshotFlags(folder)`, in MiB. */
export async function heapByOwner(pid: number, folder: string): Promise<string> {
  process.kill(pid, 'SIGUSR2');
  const file = await snapshotOf(pid, folder);
  const heap = heapIn(await readFile(file, 'utf8'));
  await rm(file);
  return tableOf(heap, ownersIn(heap));
}

/** Returns the file of the snapshot once it is complete: a process writes it in one turn of its event loop. */
async function snapshotOf(pid: number, folder: string): Promise<string> {
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await sleep(POLL_MS)) {
    const name = (await readdir(folder)).find((one) => one.endsWith('.heapsnapshot') && one.includes(`.${pid}.`));
    if (name && (await readFile(join(folder, name), 'utf8')).trimEnd().endsWith(']}')) return join(folder, name);
  }
  throw new Error(`the process ${pid} has written no heap snapshot within ${WAIT_MS / 1000} seconds`);
}

function heapIn(text: string): Heap {
  const { snapshot: described, nodes, edges, strings } = snapshot.parse(JSON.parse(text));
  const { node_fields: nodeFields, node_types, edge_fields: edgeFields, edge_types } = described.meta;
  const [nodeTypes, edgeTypes] = [node_types[0], edge_types[0]];
  const [width, edgeWidth] = [nodeFields.length, edgeFields.length];
  const at = (row: number, field: string) => nodes[row * width + nodeFields.indexOf(field)] ?? 0;
  const atEdge = (row: number, field: string) => edges[row * edgeWidth + edgeFields.indexOf(field)] ?? 0;
  const count = nodes.length / width;
  const edgeCount = edges.length / edgeWidth;
  const first = new Uint32Array(count + 1);
  for (let node = 0; node < count; node++) first[node + 1] = (first[node] ?? 0) + at(node, 'edge_count');
  const rows = Array.from({ length: count }, (_, node) => node);
  const edgeRows = Array.from({ length: edgeCount }, (_, edge) => edge);
  const edgeTypeOf = (edge: number) => edgeTypes[atEdge(edge, 'type')] ?? '';
  const isNamed = (type: string) => type !== 'element' && type !== 'hidden';
  return {
    types: rows.map((node) => nodeTypes[at(node, 'type')] ?? ''),
    names: rows.map((node) => strings[at(node, 'name')] ?? ''),
    sizes: Float64Array.from(rows, (node) => at(node, 'self_size')),
    first,
    targets: Uint32Array.from(edgeRows, (edge) => atEdge(edge, 'to_node') / width),
    labels: edgeRows.map((edge) => (isNamed(edgeTypeOf(edge)) ? (strings[atEdge(edge, 'name_or_index')] ?? '') : '')),
    isWeak: Uint8Array.from(edgeRows, (edge) => Number(edgeTypeOf(edge) === 'weak')),
  };
}

/** Returns the owner of each node. */
function ownersIn(heap: Heap): string[] {
  const { types, names, first, targets, isWeak } = heap;
  const owners: (string | undefined)[] = types.map((type, node) =>
    /NativeContext|\(GC roots\)|\(Global handles\)/.test(names[node] ?? '') ? 'V8' : ownerOfCode(heap, node, type),
  );
  // From all functions at once, one reference further in each step: the nearest function is first.
  let reached = owners.flatMap((owner, node) => (owner === undefined ? [] : [node]));
  while (reached.length > 0) {
    const next: number[] = [];
    for (const node of reached) {
      for (let edge = first[node] ?? 0; edge < (first[node + 1] ?? 0); edge++) {
        const target = targets[edge] ?? 0;
        if (isWeak[edge] || owners[target] !== undefined) continue;
        owners[target] = owners[node];
        next.push(target);
      }
    }
    reached = next;
  }
  return owners.map((owner) => owner ?? 'V8');
}

/** Returns the owner of a function, its compiled form or its script; undefined if the node is none of these. */
function ownerOfCode(heap: Heap, node: number, type: string): string | undefined {
  if (type === 'closure') {
    const shared = targetOf(heap, node, /^shared$/);
    return shared === undefined ? undefined : (ownerOfCode(heap, shared, 'code') ?? 'V8');
  }
  if (type !== 'code') return undefined;
  const script =
    targetOf(heap, node, /^script(_or_debug_info)?$/) ??
    (targetOf(heap, node, /^source$/) === undefined ? undefined : node);
  return script === undefined ? undefined : ownerOfScript(heap.names[script] ?? '');
}

function targetOf({ first, labels, targets }: Heap, node: number, label: RegExp): number | undefined {
  for (let edge = first[node] ?? 0; edge < (first[node + 1] ?? 0); edge++) {
    if (label.test(labels[edge] ?? '')) return targets[edge];
  }
  return undefined;
}

/** Returns the package, "Node.js", or the folder of the project. */
function ownerOfScript(name: string): string {
  if (name.startsWith('node:')) return 'Node.js';
  const packageName = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1];
  return packageName ?? /\/dist[^/]*\/([^/]+)\//.exec(name)?.[1] ?? 'V8';
}

function tableOf(heap: Heap, owners: string[]): string {
  const sources = new Set<number>();
  for (const [edge, label] of heap.labels.entries()) if (label === 'source') sources.add(heap.targets[edge] ?? 0);
  const kindOf = (node: number): Kind => {
    const type = heap.types[node];
    if (type === 'native') return 'buffers';
    if (type === 'code') return 'code';
    return sources.has(node) && type?.includes('string') ? 'source text' : 'objects';
  };
  const sizes = new Map<string, Record<Kind, number>>();
  const none = () => ({ 'source text': 0, code: 0, objects: 0, buffers: 0 });
  const add = (owner: string, kind: Kind, size: number) => {
    const of = sizes.get(owner) ?? none();
    of[kind] += size;
    sizes.set(owner, of);
  };
  for (const [node, size] of heap.sizes.entries()) add(owners[node] ?? 'V8', kindOf(node), size);
  const sum = (of: Record<Kind, number>) => KINDS.reduce((total, kind) => total + of[kind], 0);
  const sorted = [...sizes].sort(([, one], [, other]) => sum(other) - sum(one));
  const rest = sorted.slice(TOP_OWNERS).reduce((total, [, of]) => added(total, of), none());
  const all = sorted.reduce((total, [, of]) => added(total, of), none());
  const row = ([name, of]: [string, Record<Kind, number>]) => [
    name,
    ...[sum(of), ...KINDS.map((kind) => of[kind])].map(mib),
  ];
  return table([
    ['owner', 'MiB', ...KINDS],
    ...sorted.slice(0, TOP_OWNERS).map(row),
    row([`${Math.max(0, sorted.length - TOP_OWNERS)} others`, rest]),
    row(['all', all]),
  ]);
}

const added = (one: Record<Kind, number>, other: Record<Kind, number>): Record<Kind, number> => ({
  'source text': one['source text'] + other['source text'],
  code: one.code + other.code,
  objects: one.objects + other.objects,
  buffers: one.buffers + other.buffers,
});
const mib = (bytes: number) => (bytes / MIB).toFixed(1);
