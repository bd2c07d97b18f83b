/** The names and forms of secrets in a body. It is better to take too much than too little. Pure. */

/** Parts of names, without separators and in lower case. X.509: people paste private keys beside their certificates. */
const NAME =
  /pass(?:word|wd|phrase|code)|pwd|secret|token|authori[sz]ation|apikey|privatekey|credential|cookie|x509|securityanswer/;
/** A secret name with a value in one text: `password eq "x"`, `token=x`. */
const ASSIGNED = new RegExp(
  `(?:${NAME.source}|api[_-]key|private[_-]key)\\w{0,64}"?\\]?\\s*(?:[:=]|\\b[a-z]{2}\\b)\\s*\\S`,
  'i',
);
/**
 * A private key, the beginning of a JSON Web Token, credentials of a header, and credentials in an address. No part of a
 * form may begin again within itself: each text takes time in proportion to its length.
 */
const FORMS =
  /PRIVATE KEY|\beyJ[\w-]{5}|\b(?:bearer|basic|apikey)\s+\S|:\/\/[^\s/@:]*:[^\s/@]+@|(?<![\da-f])[\da-f]{8}-?[\da-f]{4}-?4[\da-f]{3}-?[\da-f]{4}-?[\da-f]{12}(?![\da-f])/i;

const ASCII = /^[\0-\x7f]*$/;
/** Characters of a name that are normalized: some become 18. */
const MAX_NORMALIZED = 256;

/**
 * Whether an attribute of this name holds a secret: in any letter case, with any separators, also at the end of a URN. A
 * long name with characters beyond ASCII counts as one.
 */
export function isSecretName(name: string): boolean {
  const isAscii = ASCII.test(name);
  if (!isAscii && name.length > MAX_NORMALIZED) return true;
  const usual = isAscii ? name : name.normalize('NFKC');
  return NAME.test(usual.toLowerCase().replace(/[^a-z\d]/g, ''));
}

/** Whether a text has the form of a secret, or gives the value of one. API tokens are UUIDs of version 4. */
export const isSecretText = (text: string): boolean => FORMS.test(text) || ASSIGNED.test(text);
