# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""The kinds of servers that are asked by HTTP, each a row: how a process must look to be one, and the configuration in which it says where its page is.

    program     comm, and argv[0] unless `title` gives another one
    title       argv[0] with the configuration in it, for servers that write their command line anew
    arguments   of the command line
    conf        its text; %(port)d is where the page is
    page        an answer that is right
    expect      a line of the book that comes of it"""

APACHE_CONF = """
LoadModule mpm_prefork_module modules/mod_mpm_prefork.so
Listen 127.0.0.1:%(port)d
MaxRequestWorkers 30
<Location "/server-status">
    SetHandler server-status
</Location>
"""
APACHE_PAGE = b"""Total Accesses: 44
Total kBytes: 10
ServerMPM: prefork
BusyWorkers: 1
IdleWorkers: 4
Scoreboard: W____...
"""
NGINX_CONF = """
worker_processes 2;
events { worker_connections 100; }
http { server { listen 127.0.0.1:%(port)d; location = /status { stub_status; } } }
"""
NGINX_PAGE = b"Active connections: 3 \nserver accepts handled requests\n 9 8 20 \nReading: 0 Writing: 1 Waiting: 2 \n"

KINDS = {
    "apache": dict(program="apache2", title=None, arguments=["-f", "%(conf)s"], conf=APACHE_CONF, page=APACHE_PAGE,
                   expect="pool workers - used=0 idle=4 limit=30 served=44"),
    "nginx": dict(program="nginx", title="nginx: master process nginx -c %(conf)s", arguments=[], conf=NGINX_CONF, page=NGINX_PAGE,
                  expect="pool connections - used=2 idle=198 limit=200 served=8 refused=1"),
}
