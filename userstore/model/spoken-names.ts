/** Names of people as they are heard: what a search for a person compares. Pure. */
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { fold, isAscii } from './fields.js';

/** Characters of a name that are compared. */
const MAX_NAME = 64;
/** Words of a name by which it is found. */
const MAX_WORDS = 6;
/** Marks above and below letters, apostrophes in every form, and what stands between words. */
const MARKS = /[\u0300-\u036f]/g;
const APOSTROPHES = /['’‘ʼ`´]/g;
const BETWEEN_WORDS = /[^\p{L}\p{M}\p{N}]+/u;
/** Letters that do not decompose into one of ASCII and a mark. */
const ASCII_OF: Readonly<Record<string, string>> = { ø: 'o', ł: 'l', đ: 'd', ı: 'i', æ: 'ae', œ: 'oe' };

/** Returns the words of a name, without letter case, accents and punctuation. */
function wordsOf(name: string): string[] {
  const start = fold(name.slice(0, 2 * MAX_NAME));
  const plain = isAscii(start)
    ? start
    : start
        .normalize('NFD')
        .replace(MARKS, '')
        .normalize('NFC')
        .replace(/[øłđıæœ]/g, (letter) => ASCII_OF[letter] ?? letter);
  return plain.replace(APOSTROPHES, '').split(BETWEEN_WORDS).filter(Boolean);
}

const joined = (words: readonly string[]) => words.join(' ').slice(0, MAX_NAME);

/** Returns the beginning of the keys of a person with this name; "" if the text has no word. */
export const spokenName = (text: string): string => joined(wordsOf(text));

/**
 * Returns the keys of a person: their name, begun at each of its words, so that the beginning of a key finds "Ana", "Ana
 * Ruiz", "Ruiz" and "Ruiz Ana". The display name and the given and family name count, the latter also without middle names.
 */
export function spokenNames({ displayName, name }: Pick<User, 'displayName' | 'name'>): string[] {
  const given = wordsOf(name?.givenName ?? '');
  const family = wordsOf(name?.familyName ?? '');
  const names = [
    wordsOf(displayName ?? name?.formatted ?? ''),
    [...given, ...family],
    [...given.slice(0, 1), ...family],
  ].map((words) => words.slice(0, MAX_WORDS));
  const keys = new Set(
    names.flatMap((words) => words.map((_, start) => joined([...words.slice(start), ...words.slice(0, start)]))),
  );
  // A key that another one begins with finds nothing more. Sorted, that other one is the next.
  const sorted = [...keys].sort();
  return sorted.filter((key, index) => !sorted[index + 1]?.startsWith(key));
}
