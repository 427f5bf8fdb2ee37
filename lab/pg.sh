# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
#
# pg_up CONNECTIONS: PostgreSQL in the server's namespace, which allows so many connections, three of them to nobody but the superuser; `shop` may log in from outside.
# pg_stock: the table that a shop's clients change. sql STATEMENT asks it from inside. BIN is where its programs are.
BIN=$(echo /usr/lib/postgresql/*/bin | awk '{ print $NF }')
pg_up() {
    mkdir -p "$W/pg" && chown postgres "$W/pg" && chmod 755 "$W" || return 1
    runuser -u postgres -- "$BIN/initdb" -D "$W/pg/data" -A trust -N >"$W/initdb.log" 2>&1 || return 1
    printf "%s\n" "listen_addresses='*'" "unix_socket_directories='$W/pg'" "shared_buffers=16MB" "fsync=off" "max_connections=$1" \
        "superuser_reserved_connections=3" >>"$W/pg/data/postgresql.conf"
    echo "host all all 10.78.0.0/24 trust" >>"$W/pg/data/pg_hba.conf"
    NS=$SRV spawn postgres setpriv --reuid postgres --regid postgres --init-groups "$BIN/postgres" -D "$W/pg/data"
    until_true 10 listens 5432 && until_true 10 sql "select 1" && sql "create role shop login"
}
sql() { psql -X -q -A -t -U postgres -h "$W/pg" -d postgres -c "$1"; }
pg_stock() {
    sql "create table stock(id int primary key, n int); insert into stock select i, 100 from generate_series(1, 100) i; alter table stock owner to shop"
}
waiting() { sql "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"; }
shop() { # CLIENTS FILE: so many clients that run the file again and again
    NS=$CLI spawn shop env PGAPPNAME=webshop "$BIN/pgbench" -n -h "$ADDR" -U shop -c "$1" -j 1 -T 1000 -P 1 -f "$2" postgres
}
