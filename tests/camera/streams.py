"""A phone's camera app: an MJPEG stream over HTTP that ends, freezes or goes on, as is wanted."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.camera.videos import FRAMES_A_SECOND


@contextmanager
def mjpeg_server(pictures: Sequence[bytes], then: str) -> Iterator[str]:
    """Serve the pictures once; then "repeat" them, "end", "freeze", or "break" off in one."""
    released = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            try:
                while True:
                    for picture in pictures:
                        self._send(picture)
                    if then == "break":
                        self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8")
                    if then == "freeze":
                        released.wait(60)
                    if then != "repeat" or released.is_set():
                        return
            except OSError:
                pass  # the client is gone

        def _send(self, picture: bytes) -> None:
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            self.wfile.write(head.encode() + picture + b"\r\n")
            time.sleep(1 / FRAMES_A_SECOND)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/video"
    finally:
        released.set()
        server.shutdown()
        thread.join()
        server.server_close()
