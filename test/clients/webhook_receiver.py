"""Receives webhooks as a service of somebody else would, and answers 401 if standardwebhooks rejects the signature."""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            event = Webhook(secret).verify(body, dict(self.headers))
            self.send_response(204)
            print("verified", event["type"], flush=True)
        except WebhookVerificationError as error:
            self.send_response(401)
            print("rejected", error, flush=True)
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
secret = sys.stdin.readline().strip()
print("secret read", flush=True)
server.serve_forever()
