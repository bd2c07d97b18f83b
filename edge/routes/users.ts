/** The rendering of users. */
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { namesOnRequest } from '../scim/extensions.js';
import { project } from '../scim/projection.js';
import { renderUser } from '../scim/user.js';
import type { Render } from './resources.js';

/** Renders users as JSON. */
export const renderUsers: Render<User> = (users, { scope, baseUrl, projection }) => {
  const onRequest = namesOnRequest(scope.settings);
  return users.map((user) => project(renderUser(user, baseUrl, scope.settings), projection, onRequest));
};
