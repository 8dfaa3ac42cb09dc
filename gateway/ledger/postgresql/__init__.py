"""A ledger in PostgreSQL, for gateways on several machines.

Its schemas, for the namespace ``gw``:

    ledger              the tables of a day, partitioned by ``day``, for queries of your own
    ledger 2026-11-30   the partitions of one day; dropped once the day is over
    ledger failures 2026-10-30
                        what was rejected or expired of a day that is over
    ledger kept         counts, and all else that outlives the days

The gateway itself reads and writes the schema of one day after the other, as it does with SQLite's
files. So there is no DEFAULT partition, and no query that searches all of them.
"""
