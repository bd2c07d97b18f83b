/**
 * Stored user in BSON → User in Protocol Buffers, without objects in between. Both forms have text in UTF-8 after its
 * length, so text is copied. documents.ts says what a document holds; what is not in the contract, such as shadows, is
 * skipped.
 */
import type { EncodedUser } from '../model/encoded-user.js';
import { etagOf } from '../model/etag.js';
import { nextHash, PLACES, type Place, type Places } from './encoded-places.js';

/** Types of BSON elements. */
const DOUBLE = 1;
const TEXT = 2;
const OBJECT = 3;
const LIST = 4;
const BINARY = 5;
const FLAG = 8;
const TIME = 9;
const NULL = 10;
const INT32 = 16;
const INT64 = 18;

/** The bytes of those values that always have the same number. */
const SIZES = new Map([
  [DOUBLE, 8],
  [FLAG, 1],
  [TIME, 8],
  [NULL, 0],
  [INT32, 4],
  [INT64, 8],
]);
const TYPES: Readonly<Record<Place['kind'], number>> = {
  text: TEXT,
  flag: FLAG,
  message: OBJECT,
  list: LIST,
  time: TIME,
  version: INT32,
};

/** The bytes by which times and the version make an encoding longer than its document, at most. */
const MARGIN = 128;
/** The first number that takes more than one byte. */
const LONG = 128;
/** The length from which a call copies faster than a loop. */
const LONG_TEXT = 48;

/** Returns the user of a document, encoded. Throws an Error if it is no document of a user. */
export const encodedUserOf = (document: Buffer): EncodedUser => new Translation(document).user();

/** The translation of one document. */
class Translation {
  readonly #from: Buffer;
  readonly #to: Buffer;
  /** The next byte to read. */
  #at = 0;
  /** The next byte to write. */
  #end = 0;
  #id: string | undefined;
  #managerId: string | undefined;

  constructor(from: Buffer) {
    this.#from = from;
    this.#to = Buffer.allocUnsafe(from.length + MARGIN);
  }

  user(): EncodedUser {
    this.#fields(PLACES);
    // A buffer ignores what is written behind its end.
    if (this.#id === undefined || this.#end > this.#to.length) throw new Error('this is no document of a user');
    return { id: this.#id, managerId: this.#managerId, bytes: this.#to.subarray(0, this.#end) };
  }

  /** Translates the fields of the object that begins here. */
  #fields(places: Places): void {
    const last = this.#at + this.#from.readInt32LE(this.#at) - 1;
    this.#at += 4;
    while (this.#at < last) {
      const type = this.#from[this.#at++] as number;
      const place = this.#place(places);
      if (!place || type === NULL) this.#skip(type);
      else if (type === TYPES[place.kind]) this.#value(place);
      else throw new Error(`${Buffer.from(place.name)} of a user has the BSON type ${type}`);
    }
    this.#at = last + 1;
  }

  /** Reads the name that begins here, and returns its place. */
  #place(places: Places): Place | undefined {
    const from = this.#from;
    const start = this.#at;
    let end = start;
    let hash = 0;
    for (let byte = from[end] as number; byte !== 0; byte = from[++end] as number) hash = nextHash(hash, byte);
    this.#at = end + 1;
    const place = places.get(hash);
    if (!place || place.name.length !== end - start) return undefined;
    for (let index = start; index < end; index++) if (from[index] !== place.name[index - start]) return undefined;
    return place;
  }

  #skip(type: number): void {
    const size = SIZES.get(type);
    if (size !== undefined) this.#at += size;
    else if (type === OBJECT || type === LIST) this.#at += this.#from.readInt32LE(this.#at);
    else if (type === TEXT) this.#at += 4 + this.#from.readInt32LE(this.#at);
    else if (type === BINARY) this.#at += 5 + this.#from.readInt32LE(this.#at);
    else throw new Error(`a user has a value of the BSON type ${type}`);
  }

  #value({ kind, tag, fields, means }: Place): void {
    if (kind === 'list') {
      this.#elements(tag, fields);
      return;
    }
    this.#number(tag);
    if (kind === 'text') this.#text(means);
    else if (kind === 'flag') this.#to[this.#end++] = this.#from[this.#at++] as number;
    else if (kind === 'message') this.#message(fields);
    else if (kind === 'time') this.#time();
    else this.#etag();
  }

  #text(means: Place['means']): void {
    const length = this.#from.readInt32LE(this.#at) - 1;
    const start = this.#at + 4;
    this.#number(length);
    if (length < LONG_TEXT) {
      for (let index = 0; index < length; index++) this.#to[this.#end + index] = this.#from[start + index] as number;
    } else this.#from.copy(this.#to, this.#end, start, start + length);
    if (means === 'id') this.#id = this.#from.toString('utf8', start, start + length);
    else if (means === 'managerId') this.#managerId = this.#from.toString('utf8', start, start + length);
    this.#end += length;
    this.#at = start + length + 1;
  }

  #elements(tag: number, fields: Places): void {
    const last = this.#at + this.#from.readInt32LE(this.#at) - 1;
    this.#at += 4;
    while (this.#at < last) {
      // Each element has its type and its number as a name.
      if (this.#from[this.#at] !== OBJECT) throw new Error('a list of a user has an element that is no object');
      this.#at = this.#from.indexOf(0, this.#at + 1) + 1;
      this.#number(tag);
      this.#message(fields);
    }
    this.#at = last + 1;
  }

  /** Writes a message behind its length, which is known afterwards: one byte is left for it. */
  #message(fields: Places): void {
    const start = ++this.#end;
    this.#fields(fields);
    const length = this.#end - start;
    if (length >= LONG) {
      const more = bytesOfNumber(length) - 1;
      this.#to.copyWithin(start + more, start, this.#end);
      this.#end += more;
    }
    const end = this.#end;
    this.#end = start - 1;
    this.#number(length);
    this.#end = end;
  }

  /** Writes a time as a Timestamp: seconds and nanoseconds. */
  #time(): void {
    const ms = Number(this.#from.readBigInt64LE(this.#at));
    this.#at += 8;
    if (ms < 0) throw new Error('a time of a user is before 1970');
    const [seconds, nanos] = [Math.floor(ms / 1000), (ms % 1000) * 1_000_000];
    this.#number((seconds > 0 ? 1 + bytesOfNumber(seconds) : 0) + (nanos > 0 ? 1 + bytesOfNumber(nanos) : 0));
    if (seconds > 0) this.#field(SECONDS, seconds);
    if (nanos > 0) this.#field(NANOS, nanos);
  }

  #field(tag: number, value: number): void {
    this.#number(tag);
    this.#number(value);
  }

  #etag(): void {
    const etag = etagOf(this.#from.readInt32LE(this.#at));
    this.#at += 4;
    this.#number(etag.length);
    this.#end += this.#to.write(etag, this.#end, 'latin1');
  }

  /** Writes a whole number: seven bits a byte, the lowest first. */
  #number(value: number): void {
    let rest = value;
    while (rest >= LONG) {
      this.#to[this.#end++] = (rest % LONG) + LONG;
      rest = Math.floor(rest / LONG);
    }
    this.#to[this.#end++] = rest;
  }
}

/** The tags of the fields of Timestamp. */
const SECONDS = 8;
const NANOS = 16;

function bytesOfNumber(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= LONG; rest = Math.floor(rest / LONG)) bytes++;
  return bytes;
}
