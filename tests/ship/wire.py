# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""The receiving side of remote write, written apart from the sender: snappy's block format, the messages of versions 1.0 and 2.0, and a
receiver on loopback that answers as it is told."""
import http.server, struct, threading, time

STALE = 0x7ff0000000000002


def varint(b, at):
    value = shift = 0
    while True:
        byte = b[at]
        value |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def unsnappy(b):
    size, at = varint(b, 0)
    out = bytearray()
    while at < len(b):
        tag = b[at]
        at += 1
        if tag & 3 == 0:  # a literal
            n = tag >> 2
            if n >= 60:
                wide = n - 59
                n = int.from_bytes(b[at:at + wide], "little")
                at += wide
            out += b[at:at + n + 1]
            at += n + 1
            continue
        if tag & 3 == 1:
            n, back = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | b[at]
            at += 1
        else:
            wide = 2 if tag & 3 == 2 else 4
            n, back = (tag >> 2) + 1, int.from_bytes(b[at:at + wide], "little")
            at += wide
        for _ in range(n):
            out.append(out[-back])
    if len(out) != size:
        raise ValueError("snappy: wrong size")
    return bytes(out)


def fields(b):
    at = 0
    while at < len(b):
        tag, at = varint(b, at)
        if tag & 7 == 0:
            value, at = varint(b, at)
        elif tag & 7 == 1:
            value, at = struct.unpack_from("<Q", b, at)[0], at + 8
        elif tag & 7 == 2:
            n, at = varint(b, at)
            value, at = b[at:at + n], at + n
        else:
            raise ValueError(f"protobuf: wire type {tag & 7}")
        yield tag >> 3, value


def sample(b):
    f = dict(fields(b))
    return f.get(2, 0), f.get(1, 0)  # ms, bits


def packed(b):
    at, out = 0, []
    while at < len(b):
        v, at = varint(b, at)
        out.append(v)
    return out


def decode(version, body):
    """[(labels as a tuple of pairs, [(ms, bits)], metadata)], in the order of the request."""
    top = list(fields(unsnappy(body)))
    symbols = [v.decode() for n, v in top if n == 4] if version == 2 else None
    out = []
    for number, message in top:
        if number != (5 if version == 2 else 1):
            continue
        f = list(fields(message))
        samples = [sample(v) for n, v in f if n == 2]
        if version == 2:
            refs = [r for n, v in f if n == 1 for r in packed(v)]
            labels = tuple((symbols[a], symbols[b]) for a, b in zip(refs[::2], refs[1::2]))
            meta = dict(next(list(fields(v)) for n, v in f if n == 5))
            meta = {"type": meta.get(1, 0), "help": symbols[meta.get(3, 0)], "unit": symbols[meta.get(4, 0)]}
        else:
            labels = tuple(tuple(v.decode() for _, v in fields(pair)) for n, pair in f if n == 1)
            meta = None
        out.append((labels, samples, meta))
    return out


def number(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


class Request:
    def __init__(self, headers, body):
        self.at, self.headers, self.body = time.monotonic(), dict(headers), body
        self.version = 2 if headers.get("X-Prometheus-Remote-Write-Version", "").startswith("2.") else 1
        self.series = decode(self.version, body)
        self.status = None

    def samples(self):
        return sum(len(s) for _, s, _ in self.series)


class Receiver:
    """answer(request, n): status, or (status, headers), (status, headers, body), of the n-th request (from 0). It may sleep."""

    def __init__(self, answer, port=0):
        self.requests, self.errors, self.connections = [], [], 0
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                receiver.connections += 1
                super().setup()

            def do_POST(self):
                try:
                    r = Request(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
                except Exception as e:  # noqa: BLE001 - whatever is wrong with it, the test shall say so
                    receiver.errors.append(repr(e))
                    self.send_error(400)
                    return
                receiver.requests.append(r)
                got = answer(r, len(receiver.requests) - 1)
                status, headers, body = (got, {}, b"") if isinstance(got, int) else (*got, b"")[:3]
                try:
                    self.send_response(status)
                    for k, v in headers.items():
                        self.send_header(k, v)
                    if status != 204:
                        self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                    r.status = status
                except OSError:
                    pass  # the sender did not wait so long

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/api/v1/write"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def taken(self):
        return [r for r in self.requests if r.status and r.status < 300]

    def stored(self, of=None):
        """{labels: [(ms, bits)]} of the requests that were taken."""
        out = {}
        for r in self.taken() if of is None else of:
            for labels, samples, _ in r.series:
                out.setdefault(labels, []).extend(samples)
        return out

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def written(request):
    return {"X-Prometheus-Remote-Write-Samples-Written": str(request.samples())}
