# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
#
# php_world PORT CHILDREN: nginx in front of php-fpm (a unix socket, so many children), whose one page asks stockd, an application behind it.
# stockd takes as many milliseconds for an answer as stand in $W/answer.ms.
php_world() {
    local port=$1 children=$2 fpm
    world || return 1
    fpm=$(command -v php-fpm || find /usr/sbin -name 'php-fpm*' | head -1)
    [ -n "$fpm" ] || fail "no php-fpm"
    mkdir -p "$W/www" "$W/nginx" && chmod 755 "$W" "$W/www" && chmod 777 "$W/nginx" && echo 20 >"$W/answer.ms" && chmod 644 "$W/answer.ms" || return 1
    # shellcheck disable=SC2016,SC2028
    echo '<?php $f = fsockopen("127.0.0.1", 9000); fwrite($f, "GET /stock HTTP/1.0\r\n\r\n"); echo stream_get_contents($f);' >"$W/www/index.php"
    cat >"$W/fpm.conf" <<CONF
[global]
error_log = $W/fpm.log
daemonize = no
[www]
user = www-data
group = www-data
listen = $W/php.sock
listen.mode = 0666
pm = static
pm.max_children = $children
pm.status_path = /fpm-status
CONF
    cat >"$W/nginx.conf" <<CONF
daemon off;
user www-data;
pid $W/nginx.pid;
error_log $W/nginx/error.log;
events { worker_connections 512; }
http {
 access_log off;
 client_body_temp_path $W/nginx/b;
 proxy_temp_path $W/nginx/p;
 fastcgi_temp_path $W/nginx/f;
 uwsgi_temp_path $W/nginx/u;
 scgi_temp_path $W/nginx/s;
 server { listen $port; location / { fastcgi_pass unix:$W/php.sock; fastcgi_read_timeout 30s;
  fastcgi_param SCRIPT_FILENAME $W/www/index.php; fastcgi_param REQUEST_METHOD GET; fastcgi_param REQUEST_URI /; } }
}
CONF
    NS=$SRV spawn stockd "$PY" -c '
import socketserver, sys, time
open("/proc/self/comm", "w").write("stockd")
class H(socketserver.BaseRequestHandler):
    def handle(s):
        s.request.recv(4096); time.sleep(float(open(sys.argv[1]).read() or 20) / 1000); s.request.sendall(b"HTTP/1.0 200 OK\r\n\r\n7 left\n")
class S(socketserver.ThreadingTCPServer): allow_reuse_address = True; daemon_threads = True; request_queue_size = 256
S(("127.0.0.1", 9000), H).serve_forever()' "$W/answer.ms"
    NS=$SRV spawn fpm "$fpm" -y "$W/fpm.conf" -F
    NS=$SRV spawn nginx nginx -e "$W/nginx/error.log" -c "$W/nginx.conf"
    until_true 8 listens "$port"
}
php_waits() { srv ss -Hlx src "$W/php.sock" | awk '{ print $3 }'; }
