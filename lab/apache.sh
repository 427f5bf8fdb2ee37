# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
#
# apache_world PORT LINES: Apache (prefork, with mod_status) in the world of a case, its first process in $W/apache.pid, pages in $W/www.
# /cgi-bin/report answers after as many seconds as stand in $W/report.s.
apache_world() {
    local port=$1 lines=$2 m d=/usr/lib/apache2/modules
    world || return 1
    mkdir -p "$W/www" "$W/cgi" "$W/log" && chmod 755 "$W" "$W/www" "$W/cgi" && chmod 777 "$W/log" || return 1
    echo '<h1>shop</h1>' >"$W/www/index.html"; echo 0.05 >"$W/report.s"
    printf '#!/bin/sh\nsleep "$(cat %s)"\nprintf "Content-Type: text/plain\\n\\nreport\\n"\n' "$W/report.s" >"$W/cgi/report"
    chmod 755 "$W/cgi/report"; chmod 644 "$W/report.s"
    {
        for m in mpm_prefork authz_core authz_host mime dir status alias cgi; do echo "LoadModule ${m}_module $d/mod_$m.so"; done
        cat <<CONF
ServerRoot $W
ServerName shop
PidFile $W/httpd.pid
DefaultRuntimeDir $W
User www-data
Group www-data
Listen $port
DocumentRoot $W/www
DirectoryIndex index.html
TypesConfig /etc/mime.types
LogFormat "%h %l %u %t \"%r\" %>s %b %D" timed
CustomLog $W/log/access.log timed
ErrorLog $W/log/error.log
LogLevel notice
ExtendedStatus On
<Directory $W>
 Require all granted
</Directory>
<Location /server-status>
 SetHandler server-status
 Require local
</Location>
ScriptAlias /cgi-bin/ $W/cgi/
$lines
CONF
    } >"$W/apache.conf"
    NS=$SRV spawn apache apache2 -f "$W/apache.conf" -DFOREGROUND
    until_true 8 listens "$port"
}
apache_waits()   { srv ss -Hltn "sport = :$1" | awk '{ print $2 }'; }
apache_workers() { ps --ppid "$(pid apache)" -o pid=,stat= | awk '$2 !~ /^Z/ { print $1 }'; }
apache_dead()    { ps --ppid "$(pid apache)" -o stat= | grep -c '^Z'; }
