#!/usr/bin/python3
"""sync_ovsdbapp.py REMOTE SCHEMA: one first synchronisation of all columns of both switch tables with ovsdbapp."""
import os
import sys

from ovs.db import idl as ovs_idl
from ovsdbapp.backend.ovs_idl import connection
from ovsdbapp.schema.ovn_northbound import impl_idl

remote, schema = sys.argv[1:]
helper = ovs_idl.SchemaHelper(schema)
for table in ('Logical_Switch', 'Logical_Switch_Port'):
    helper.register_table(table)
idl = connection.OvsdbIdl(remote, helper, leader_only=False)
nb = impl_idl.OvnNbApiIdlImpl(connection.Connection(idl, timeout=600))
if len(nb.tables['Logical_Switch_Port'].rows) == 0:
    sys.exit('no ports')
# Its connection's thread would go on.
os._exit(0)
