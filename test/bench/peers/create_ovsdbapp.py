#!/usr/bin/python3
"""Creates ports with ovsdbapp, as OpenStack does. Takes a task as JSON on its standard input, prints figures as JSON.

Task: schema (a file), remote, serverPid, warmUp and measured: each with a switch and batches of ports, one a transaction.
"""
import json
import os
import resource
import sys
import time

from ovs.db import idl as ovs_idl
from ovsdbapp.backend.ovs_idl import connection
from ovsdbapp.schema.ovn_northbound import impl_idl


def own_cpu_ms():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1e3


def server_cpu_ms(pid):
    threads = os.listdir(f'/proc/{pid}/task')
    return sum(int(open(f'/proc/{pid}/task/{t}/schedstat').read().split()[0]) for t in threads) / 1e6


def create_all(nb, switch, batches):
    times = []
    for ports in batches:
        started = time.monotonic()
        with nb.transaction(check_error=True) as transaction:
            for port in ports:
                transaction.add(nb.lsp_add(switch, port.pop('name'), **port))
        times.append((time.monotonic() - started) * 1e3)
    return times


task = json.load(sys.stdin)
helper = ovs_idl.SchemaHelper(task['schema'])
for table in ('Logical_Switch', 'Logical_Switch_Port'):
    helper.register_table(table)
idl = connection.OvsdbIdl(task['remote'], helper, leader_only=False)
nb = impl_idl.OvnNbApiIdlImpl(connection.Connection(idl, timeout=600))
create_all(nb, **task['warmUp'])
ports = sum(len(batch) for batch in task['measured']['batches'])
server_before, cpu_before, started = server_cpu_ms(task['serverPid']), own_cpu_ms(), time.monotonic()
times = sorted(create_all(nb, **task['measured']))
wall_ms = (time.monotonic() - started) * 1e3
print(json.dumps({
    'portsPerSecond': ports / wall_ms * 1e3,
    'clientCpuUs': (own_cpu_ms() - cpu_before) / ports * 1e3,
    'serverCpuUs': (server_cpu_ms(task['serverPid']) - server_before) / ports * 1e3,
    'p50Ms': times[len(times) // 2],
    'p99Ms': times[int(len(times) * 0.99)],
}), flush=True)
# Its connection's thread would go on.
os._exit(0)
