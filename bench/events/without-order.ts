/** Loaded before a userstore: it writes each event at a random place, with no regard to the events before. */
import { mongo } from 'mongoose';

const { insertMany } = mongo.Collection.prototype;
const anyPlace = () => Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);

mongo.Collection.prototype.insertMany = function (this: mongo.Collection, documents, options) {
  if (this.collectionName !== 'events') return insertMany.call(this, documents, options);
  const placed = documents.map((document) => ({ ...document, _id: anyPlace() as never }));
  return insertMany.call(this, placed, { ...options, ordered: false });
};
