/** The mongoose models of signing in: connections, sessions, used keys, and the indexes that their promises rest on. */
import { type Connection, type Model, Schema } from 'mongoose';
import { expiry, options } from './schema-options.js';

/** An SSO connection as stored, by its organization. */
export interface SsoConnectionDocument {
  /** The organization. */
  _id: string;
  version: number;
  issuer: string;
  clientId: string;
  /** Encrypted. */
  sealedSecret: string;
  domains: string[];
  required: boolean;
  /** Another with each issuer: a session that was begun with the one before is over. */
  sessionEpoch: string;
  createTime: Date;
  updateTime: Date;
}

/** A session as stored: never its token. */
export interface SessionDocument {
  _id: string;
  organizationId: string;
  userId: string;
  /** SHA-256 of the token in hexadecimal. */
  digest: string;
  /** What they were at its beginning. */
  userEpoch: number;
  organizationEpoch: number;
  connectionEpoch: string;
  createTime: Date;
  lastUseTime: Date;
  expireTime: Date;
  signInId: string;
  /** Encrypted. */
  sealedIdToken?: string;
}

/** What was used up and must not be used again. */
export interface UsedKeyDocument {
  _id: string;
  expireTime: Date;
}

/** The collections of signing in. */
export interface SignInModels {
  ssoConnections: Model<SsoConnectionDocument>;
  sessions: Model<SessionDocument>;
  usedKeys: Model<UsedKeyDocument>;
}

const ssoConnectionSchema: Schema<SsoConnectionDocument> = new Schema<SsoConnectionDocument>(
  {
    _id: { type: String, required: true },
    version: Number,
    issuer: String,
    clientId: String,
    sealedSecret: String,
    domains: [String],
    required: Boolean,
    sessionEpoch: String,
    createTime: Date,
    updateTime: Date,
  },
  options,
)
  // A domain leads to one organization, and so do issuer and client id.
  .index({ domains: 1 }, { unique: true, name: 'domains' })
  .index({ issuer: 1, clientId: 1 }, { unique: true, name: 'client' });

/** For so long a session that is over can still be told from one that never was, in seconds. */
const SESSION_KEPT = 86_400;

const sessionSchema: Schema<SessionDocument> = new Schema<SessionDocument>(
  {
    _id: { type: String, required: true },
    organizationId: { type: String, required: true },
    userId: { type: String, required: true },
    digest: { type: String, required: true },
    userEpoch: Number,
    organizationEpoch: Number,
    connectionEpoch: String,
    createTime: Date,
    lastUseTime: Date,
    expireTime: Date,
    signInId: String,
    sealedIdToken: String,
  },
  options,
)
  .index({ digest: 1 }, { unique: true, name: 'digest' })
  .index({ organizationId: 1, _id: 1 }, { name: 'order' })
  .index({ organizationId: 1, userId: 1, _id: 1 }, { name: 'ofUser' })
  .index({ expireTime: 1 }, { expireAfterSeconds: SESSION_KEPT, name: 'expiry' });

const usedKeySchema: Schema<UsedKeyDocument> = new Schema<UsedKeyDocument>(
  { _id: { type: String, required: true }, expireTime: Date },
  options,
).index(...expiry);

/** The models of a connection to the database. */
export const createSignInModels = (connection: Connection): SignInModels => ({
  ssoConnections: connection.model<SsoConnectionDocument>('SsoConnection', ssoConnectionSchema, 'ssoConnections'),
  sessions: connection.model<SessionDocument>('Session', sessionSchema, 'sessions'),
  usedKeys: connection.model<UsedKeyDocument>('UsedKey', usedKeySchema, 'usedKeys'),
});
