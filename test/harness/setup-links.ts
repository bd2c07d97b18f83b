/** Setup links whose time is over. */
import mongoose from 'mongoose';
import { testMongodbUri } from './mongod.js';

/** Moves the end of a setup link into the past, in the database of the pair that startSignInPair started with this name. */
export async function expireLink(pairName: string, setupLinkId: string): Promise<void> {
  const database = await mongoose.createConnection(testMongodbUri(`${pairName}-${process.pid}`)).asPromise();
  const end = { $set: { expireTime: new Date(Date.now() - 1000) } };
  const { matchedCount } = await database
    .collection<{ _id: string }>('setupLinks')
    .updateOne({ _id: setupLinkId }, end);
  await database.close();
  if (matchedCount !== 1) throw new Error(`there is no setup link ${setupLinkId}`);
}
