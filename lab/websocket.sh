# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
#
# websocket_world PORT TIMEOUT: HAProxy with one time-out for all (its log in $W/haproxy.log, its stats socket $W/haproxy.sock), behind it a chat
# server that takes WebSockets. Six people keep one open each, send a ping a second while $W/ping is there, and come back when they lose it: $W/people.log has a
# line for each connection that ended, with the seconds that it lived.
websocket_world() {
    local port=$1 timeout=$2
    world || return 1
    touch "$W/ping"
    NS=$SRV spawn chat "$PY" -c '
import socketserver
open("/proc/self/comm", "w").write("chatd")
class H(socketserver.BaseRequestHandler):
    def handle(s):
        s.request.recv(4096)
        s.request.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
        while s.request.recv(4096): s.request.sendall(b"\x8a\x00")
    def finish(s): s.request.close()
class S(socketserver.ThreadingTCPServer):
    allow_reuse_address = True; daemon_threads = True; request_queue_size = 64
    def handle_error(s, request, address): pass
S(("127.0.0.1", 9001), H).serve_forever()'
    cat >"$W/haproxy.cfg" <<CONF
global
 stats socket $W/haproxy.sock mode 666
 log stdout format raw local0
defaults
 mode http
 log global
 option httplog
 timeout connect 3s
 timeout client $timeout
 timeout server $timeout
frontend www
 bind :$port
 default_backend chat
backend chat
 server a 127.0.0.1:9001
CONF
    NS=$SRV spawn haproxy haproxy -db -f "$W/haproxy.cfg"
    until_true 8 listens "$port" || return 1
    NS=$CLI spawn people "$PY" -c '
import os, socket, sys, threading, time
address, port, ping = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def person(source):
    time.sleep(int(source[-1]) * 0.4)
    while True:
        begun = time.time()
        try:
            s = socket.socket(); s.bind((source, 0)); s.settimeout(5); s.connect((address, port))
            s.sendall(b"GET /chat HTTP/1.1\r\nHost: shop\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
            s.recv(4096); s.settimeout(1)
            while True:
                try:
                    if os.path.exists(ping): s.sendall(b"\x89\x80\0\0\0\0")
                    if not s.recv(4096): break
                    time.sleep(1)
                except TimeoutError: pass
        except OSError: pass
        s.close()
        print("%s lost after %.1f" % (source, time.time() - begun), flush=True)
        time.sleep(0.3)
for i in range(2, 8): threading.Thread(target=person, args=("10.78.0.%d" % i,)).start()' "$ADDR" "$port" "$W/ping"
    sleep 3
}
websocket_lost() { grep -c lost "$W/people.log"; }
websocket_cut() { grep -cE ' 101 .* [cs]D' "$W/haproxy.log"; }
