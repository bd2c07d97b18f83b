/** The modes of `npm run bench` that replace the comparison of chains, by the option that asks for each. */
import type { Keep, Setting } from './chains.js';
import { measureConsole } from './console.js';
import type { Database } from './database.js';
import { measureDay } from './day.js';
import { measureEvents } from './events.js';
import { measureGroups } from './groups.js';
import { measureHostile } from './hostile.js';
import { measureMirror } from './mirror.js';
import { measureNoise } from './noise.js';
import type { Options } from './options.js';
import { measurePeers } from './peers.js';
import { measureReader } from './reader.js';
import { measureRules } from './rules.js';
import { measureScale } from './scale.js';
import { soak } from './soak.js';
import { measureWalks } from './walk.js';

/** PATCHes of each kind on each group per `--rounds`. */
const GROUP_ROUNDS = 50;
const CONSOLE_ORGANIZATIONS = 100;
const DAY_ORGANIZATIONS = 500;
const PEER_CONNECTIONS = 8;

/** Measures. Returns the text to print, or prints by itself. */
type Mode = (database: Database, setting: Setting, keep: Keep, options: Options) => Promise<unknown>;

/** A line for each mode; options.ts has its option. */
const MODES: Partial<Record<keyof Options, Mode>> = {
  rules: (database, _setting, _keep, { before }) => measureRules(database, before),
  walk: ({ uri }, setting, keep) => measureWalks(uri, setting, keep),
  groups: (database, setting, keep, { rounds }) => measureGroups(database, setting, keep, GROUP_ROUNDS * rounds),
  events: (database, setting, keep, options) =>
    measureEvents(database, setting, keep, { ...options, only: options.only.parts }),
  console: (database, setting, keep, options) =>
    measureConsole(database, setting, keep, {
      ...options,
      organizations: options.organizations ?? CONSOLE_ORGANIZATIONS,
    }),
  day: (database, setting, keep, { organizations = DAY_ORGANIZATIONS, ...options }) =>
    measureDay(database, setting, keep, { ...options, organizations }),
  mirror: measureMirror,
  peers: (database, setting, keep, { connections = PEER_CONNECTIONS, ...options }) =>
    measurePeers(database, setting, keep, { ...options, connections }),
  reader: ({ uri }, setting, keep, options) => measureReader(uri, setting, keep, options),
  noise: measureNoise,
  hostile: (database, setting, keep, options) =>
    measureHostile(database, setting, keep, { ...options, only: options.only.loads }),
  scale: (database, setting, keep, { scale = 0 }) => measureScale(database, setting, keep, scale),
  soak: (database, setting, keep, options) => soak(database, setting, keep, { ...options, minutes: options.soak ?? 0 }),
};

/** Returns the modes that the command line asks for. */
export const chosenModes = (options: Options): Mode[] =>
  Object.entries(MODES).flatMap(([name, mode]) => (options[name as keyof Options] ? [mode] : []));
