/** The log of a service: JSON for collectors, or short lines for a terminal. */
import { type DestinationStream, type LogFn, type Logger, type LoggerOptions, pino } from 'pino';
import { z } from 'zod';
import { createOutput } from './log-output.js';

/** The variables of the log, which all services have. */
export const LOG_VARIABLES = {
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('`trace` to `error`, or `silent`'),
  LOG_FORMAT: z.enum(['json', 'pretty']).optional().meta({
    description:
      '`json`, or `pretty`: short lines for people, without requests that succeed unless `LOG_LEVEL` is `debug` or `trace`',
    unset: '`pretty` on a terminal, otherwise `json`',
  }),
};

/** The settings of a log. */
export interface LogSettings {
  logLevel: string;
  /** Undefined: pretty on a terminal. */
  logFormat: 'json' | 'pretty' | undefined;
}

/** Creates the log of `service`. `isTerminal` tells whether stdout is a terminal. */
export async function createLog(service: string, settings: LogSettings, isTerminal: boolean): Promise<Logger> {
  const options: LoggerOptions = { level: settings.logLevel, base: { service } };
  if (!isPretty(settings, isTerminal)) return pino(options, createOutput(process.stdout.fd));
  const hooks = hidesSuccess(settings, isTerminal) ? { logMethod: logUnlessSuccess } : {};
  return pino({ ...options, hooks }, await prettyStream());
}

/** Returns whether the log leaves out requests that succeed: they would push what a person reads off the screen. */
export const hidesSuccess = (settings: LogSettings, isTerminal: boolean): boolean =>
  settings.logLevel === 'info' && isPretty(settings, isTerminal);

const isPretty = ({ logFormat }: LogSettings, isTerminal: boolean): boolean =>
  (logFormat ?? (isTerminal ? 'pretty' : 'json')) === 'pretty';

/** Creates the stream that writes each entry as one line. A service that logs JSON does not load the library. */
async function prettyStream(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({
    sync: true,
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,service,method,path,status,ms,organizationId,apiTokenId',
    messageFormat: lineOf,
  });
}

/** Returns the text of a line, to which the library adds the fields that are not ignored. */
function lineOf(entry: Record<string, unknown>): string {
  const { service, msg, method, path, status, ms } = entry;
  const text = method === undefined ? msg : `${method} ${path} ${status} in ${ms} ms`;
  return `${service}: ${text}`;
}

/** Logs an entry unless it is about a request, or a call, that succeeded. */
function logUnlessSuccess(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  const [fields, message] = args as unknown[];
  const { status } = (fields ?? {}) as { status?: unknown };
  const isSuccess = message === 'call' || (message === 'request' && Number(status) < 400);
  if (!isSuccess) method.apply(this, args);
}
