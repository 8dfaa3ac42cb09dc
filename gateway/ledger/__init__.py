"""The ledger: what happened to every event, for every destination.

Redis feeds it: `append.lua` and `settle.lua` add to a stream in the same steps in which they
change events and counts (`gateway.queue.feed`). One process stores that stream and takes off what
is stored (`writer`). The ledger never stops delivery: where it falls behind, detail is left out and
counted.

It is stored in PostgreSQL (`postgresql`) with `ledger.url`, and else in SQLite files. `reading` and
`writer` say what they need of either. The files are in ``ledger`` under `redis.data_dir`:

    2026-11-30.sqlite   what came in on that UTC day, and how it ended, whenever it did (`tables`);
                        removed once it is `ledger.keep_days` old, or room is needed
    2026-10-30.failures.sqlite
                        of a day that is removed what was rejected or expired, with the tables of a
                        day, for `ledger.failures_keep_days` (`retention`)
    counts.sqlite       counts of each hour, kept for `ledger.counts_keep_days`; the configurations
                        that were in force
    key                 the key of the digests by which events are found
    lock                held by the process that writes
"""
