/** The formats of text: references and binary values (RFC 7643 sections 2.3.6 and 2.3.7), and control characters. */
import { type Attribute, attributeNamed } from './attributes.js';
import { isObject } from './json.js';

/** Control characters other than tab and line breaks; U+0080 to U+009F come from text in a wrong encoding. */
const CONTROL = /[^\P{Cc}\t\n\r\u0080-\u009f]/gu;

/**
 * Returns a text without control characters, which nobody can see. To refuse them would refuse a deactivation that
 * comes in a PUT of the whole user.
 */
export const withoutControlCharacters = (text: string): string => text.replace(CONTROL, '');

/** Returns true if a text has more than `max` characters: an emoji is one, though JavaScript counts two units. */
export const isLongerThan = (text: string, max: number): boolean =>
  text.length > max && (text.length > 2 * max || Array.from(text).length > max);

/** Returns the format of an attribute's text, for errors. */
export const formatOf = ({ type }: Attribute): string => (type === 'binary' ? 'base64' : 'a URL');

/** Returns true if a text has the format that /Schemas gives the attribute: typed clients refuse any other. */
export function isOfFormat({ type, mutability, referenceTypes = [] }: Attribute, text: string): boolean {
  // The edge makes immutable references itself and ignores those that clients send.
  if (text === '' || mutability) return true;
  if (type === 'reference') return isUri(text) && (!referenceTypes.includes('external') || isLocator(text));
  return type !== 'binary' || isBase64(text);
}

/** Returns true for what leads somewhere without a base: RFC 7643 section 4.1 has URLs for pages and pictures. */
const isLocator = (text: string): boolean => text.startsWith('/') || URL.canParse(text);

/** Returns true for a URI or a relative reference (RFC 3986), which may hold letters of all scripts. */
function isUri(text: string): boolean {
  const [path = ''] = /^[^?#]*/.exec(text.replace(/^([^/?#]*:)?\/\/[^/?#]*/, '$1')) ?? [];
  const scheme = /^[^/?#]*(?=:)/.exec(text)?.[0];
  const isForbidden = /[\s\p{Cc}"<>\\^`{|}]|%(?![\da-f]{2})|#.*#/iu.test(text) || /[[\]]/.test(path);
  const isBare = /^[^/?#]*:(\/\/)?$/.test(text);
  return !isForbidden && !isBare && (scheme === undefined || /^[a-z][a-z\d+.-]*$/i.test(scheme));
}

/** Returns true for base64 with its padding, which may be broken into lines. */
function isBase64(text: string): boolean {
  const digits = text.replace(/\s+/g, '');
  return digits.length % 4 === 0 && /^[A-Za-z\d+/]*={0,2}$/.test(digits);
}

/**
 * Returns a value of a body without the texts that have a wrong format; undefined if nothing remains. A list loses the
 * elements whose `value` is such a text.
 */
export function withoutWrongFormats(attribute: Attribute, value: unknown): unknown {
  if (!hasFormat(attribute)) return value;
  if (typeof value === 'string') return isOfFormat(valueAttributeOf(attribute), value) ? value : undefined;
  if (Array.isArray(value)) {
    return value.map((one) => withoutWrongFormats(attribute, one)).filter((one) => one !== undefined);
  }
  if (!isObject(value)) return value;
  const { subAttributes = [] } = attribute;
  const entries = Object.entries(value).map(([name, inner]) => ({
    name,
    inner,
    sub: attributeNamed(subAttributes, name),
  }));
  const wrong = entries.filter(({ inner, sub }) => sub && typeof inner === 'string' && !isOfFormat(sub, inner));
  if (wrong.length === 0) return value;
  if (wrong.some(({ sub }) => sub?.name === 'value')) return undefined;
  return Object.fromEntries(entries.filter((entry) => !wrong.includes(entry)).map(({ name, inner }) => [name, inner]));
}

const hasFormat = ({ type, subAttributes = [] }: Attribute): boolean =>
  type === 'reference' || type === 'binary' || subAttributes.some(hasFormat);

/** Returns the attribute that a plain text is a value of: the `value` of a complex attribute, or the attribute. */
const valueAttributeOf = (attribute: Attribute): Attribute =>
  attributeNamed(attribute.subAttributes ?? [], 'value') ?? attribute;
