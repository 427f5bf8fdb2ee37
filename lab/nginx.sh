# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
#
# For cases around nginx: one worker that serves a page, and its users.

nginx_world() { # PORT
    world || return 1
    mkdir -p "$W/www" "$W/log" && chmod 755 "$W" "$W/www" && chmod 777 "$W/log" && echo '<h1>shop</h1>' >"$W/www/index.html" || return 1
    cat >"$W/nginx.conf" <<CONF
daemon off;
user www-data;
worker_processes 1;
pid $W/nginx.pid;
error_log $W/log/error.log warn;
events { worker_connections 512; }
http {
    access_log $W/log/access.log;
    client_body_temp_path $W/log/body;
    proxy_temp_path $W/log/proxy;
    fastcgi_temp_path $W/log/fastcgi;
    uwsgi_temp_path $W/log/uwsgi;
    scgi_temp_path $W/log/scgi;
    server {
        listen $1;
        root $W/www;
    }
}
CONF
    NS=$SRV spawn nginx nginx -c "$W/nginx.conf"
    until_true 8 listens "$1" || return 1
    users shop "$ADDR:$1" --users 24 --think 0.3 --timeout 30
    sleep 2
}
nginx_worker() { pgrep -P "$(pid nginx)"; }
