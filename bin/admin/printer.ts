/**
 * The only access of the commands to the terminal. Names of users and organizations, error messages and providers'
 * answers may contain characters that a terminal executes or that reverse its text, so it prints only Printable text.
 */
import { createInterface } from 'node:readline/promises';
import { invocation } from './invocation.js';

/**
 * Control characters (C0, DEL, C1), format characters, among them the marks of text direction, and separators of lines
 * and paragraphs.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const UNSAFE_EXCEPT_NEWLINE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text without unsafe characters, except the newlines of the program. Only this file creates it. */
class PrintableText {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

/** Text that may be printed. */
export type Printable = PrintableText;

/** Returns a text with each unsafe character as \uXXXX, the notation of JSON. */
export const escaped = (text: string): string => text.replace(UNSAFE, escapeOf);

/** Returns the text of a template. Escapes its values, except those that are Printable already. */
export function printable(template: TemplateStringsArray, ...values: (string | number | Printable)[]): Printable {
  const texts = values.map((value) => (value instanceof PrintableText ? value.toString() : escaped(String(value))));
  return new PrintableText(String.raw({ raw: template }, ...texts));
}

/** Returns the texts as lines. */
export const joinedLines = (lines: readonly Printable[]): Printable => new PrintableText(lines.join('\n'));

/** Returns a text whose newlines are kept, such as a stack trace. */
export const multiline = (text: string): Printable => new PrintableText(text.replace(UNSAFE_EXCEPT_NEWLINE, escapeOf));

/** Returns a value as JSON. JSON.stringify escapes only the characters below U+0020. */
export const json = (value: unknown, indentation?: number): Printable =>
  multiline(JSON.stringify(value, null, indentation));

const write = (name: 'stdout' | 'stderr', text: string): void => void invocation().process[name].write(text);

/** Prints a text and a newline to stdout. */
export const print = (text: Printable): void => write('stdout', `${text}\n`);

/** Prints a text and a newline to stderr. */
export const printError = (text: Printable): void => write('stderr', `${text}\n`);

/** An error with a text of several lines, such as the candidates for an ambiguous name. */
export class PrintableError extends Error {
  readonly text: Printable;
  constructor(text: Printable) {
    super(text.toString());
    this.text = text;
  }
}

/** Returns an error's text: one line, unless it is a PrintableError. */
export const messageOf = (error: unknown): Printable =>
  error instanceof PrintableError ? error.text : printable`${error instanceof Error ? error.message : String(error)}`;

/** Whether stderr is a terminal, on which `rewriteLine` works. */
export const isTerminal = (): boolean => invocation().process.stderr.isTTY ?? false;

/** Whether stdout is a terminal. */
export const isOutputTerminal = (): boolean => invocation().process.stdout.isTTY ?? false;

/** Replaces the current line of the terminal. */
export const rewriteLine = (text: Printable): void => write('stderr', `\r\x1b[2K${text}`);

/** Ends the process when the reader of its output is gone: `admin … | head`. */
export const exitWithReader = (): void => void process.stdout.on('error', () => process.exit(0));

/** Whether there is a terminal on which a person can answer. */
export const canAsk = (): boolean => invocation().process.stdin.isTTY ?? false;

/** Asks on the terminal and returns the answer. */
export async function ask(question: Printable): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(question.toString());
  terminal.close();
  return answer;
}

/** Prints an error that nothing catches with its stack, like Node.js, and ends the process. */
export function printCrashes(): void {
  process.on('uncaughtException', (error: unknown) => {
    printError(multiline(error instanceof Error ? (error.stack ?? error.message) : String(error)));
    process.exit(1);
  });
}

/** The output of Commander, whose errors quote arguments. */
export const commanderOutput = {
  writeOut: (text: string): void => write('stdout', multiline(text).toString()),
  writeErr: (text: string): void => write('stderr', multiline(text).toString()),
};

/** Escapes by UTF-16 code units, as JSON does. */
function escapeOf(character: string): string {
  return Array.from({ length: character.length }, (_, index) => unitOf(character.charCodeAt(index))).join('');
}

const unitOf = (code: number) => `\\u${code.toString(16).padStart(4, '0')}`;
