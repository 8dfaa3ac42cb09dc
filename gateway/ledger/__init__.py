"""The ledger: what happened to every event, for every destination.

Redis feeds it: `append.lua` and `settle.lua` add records to a stream, the feed, in the same steps
in which they change events and counts (`gateway.queue.feed`). One process stores these records and
removes them from the feed (`writer`). The ledger never stops delivery: if it falls behind, records
lose detail, and this is counted.

With `ledger.url` it is stored in PostgreSQL (`postgresql`), otherwise in SQLite files. `reading`
and `store` define what both provide. The files are in ``ledger`` under `redis.data_dir`:

    2026-11-30.sqlite   what came in on that UTC day, and how it ended, whenever it did (`tables`);
                        removed once it is `ledger.keep_days` old, or room is needed
    2026-10-30.failures.sqlite
                        the rejected and expired events of a removed day, with the tables of a day,
                        for `ledger.failures_keep_days` (`retention`)
    counts.sqlite       counts of each hour, kept for `ledger.counts_keep_days`; the configurations
                        that were in force
    key                 the key of the digests by which events are found
    lock                held by the process that writes
"""
