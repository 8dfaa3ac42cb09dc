"""A ledger in PostgreSQL, for gateways on several machines.

Its schemas, for the namespace ``gw``:

    ledger              the tables of a day, partitioned by ``day``, for queries of your own
    ledger 2026-11-30   the partitions of one day; dropped once the day is over
    ledger failures 2026-10-30
                        the rejected and expired events of a day that is over
    ledger kept         counts, and everything else that outlives the days

The gateway itself reads and writes the schemas of days one after the other, as it does with SQLite
files. So there is no DEFAULT partition, and no query of the gateway searches all partitions.
"""
