"""An S3 endpoint on a free port, in a process of its own: prints the port, serves until killed.

Its own process, because some calls of delta-rs hold the interpreter while they wait for an answer.
Changes are taken one at a time: moto looks for `If-None-Match` and stores in two steps, a real
store does it in one.
"""

import threading

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    """Answers without writing a log."""

    def log(self, *args: object) -> None:
        pass


application = DomainDispatcherApplication(create_backend_app)
one_at_a_time = threading.Lock()


def serve(environ, start_response):
    if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
        return application(environ, start_response)
    with one_at_a_time:
        return application(environ, start_response)


if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, serve, threaded=True, request_handler=Quiet)
    print(server.server_port, flush=True)
    server.serve_forever()
