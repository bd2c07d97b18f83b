/**
 * A portal whose pages need a session. It runs behind the same host as the edge, since browsers send the session cookie to
 * that host only.
 */
import { connect, FailedPreconditionError, NotFoundError } from '@leasehawk/userstore';
import { parseCookie } from 'cookie';
import express from 'express';

const { USERSTORE_ADDRESS = 'localhost:50051', USERSTORE_TOKEN, PORT = '3000' } = process.env;
const userstore = connect({ address: USERSTORE_ADDRESS, token: USERSTORE_TOKEN });
const app = express();

/** Puts the user of the session into `response.locals`, or sends the browser to the login page. */
async function requireUser(request, response, next) {
  const sessionToken = parseCookie(request.headers.cookie ?? '')['__Host-session'] ?? '';
  try {
    // Asked before each request and never kept: a user who was disabled is refused at once.
    const { user } = await userstore.sessions.check({ sessionToken }, { deadlineMs: 2000 });
    response.locals.user = user;
    next();
  } catch (error) {
    if (!(error instanceof NotFoundError || error instanceof FailedPreconditionError)) throw error;
    console.log('no session:', error.reason);
    response.redirect(303, `/login?return_to=${encodeURIComponent(request.originalUrl)}`);
  }
}

app.get('/', requireUser, (_request, response) => {
  response.type('text').send(`Hello ${response.locals.user.displayName ?? response.locals.user.userName}`);
});

// Nobody is let in because userstore is away.
app.use((error, _request, response, _next) => {
  console.error(error.message);
  response.status(503).type('text').send('Try again in a minute.');
});

app.listen(Number(PORT), '127.0.0.1', () => console.log('listening'));
