"""What operators do to stored events, as data: nothing here prints, asks or knows a command line.

Each operation has two steps. Its survey only reads, and returns what would happen. The work does
it, and reports its progress to `advance`. Both raise `gateway.operations.stopped.Stopped`. Reading
the ledger blocks the running event loop, so a server surveys the ledger in a thread with a loop of
its own.
"""
