"""What operators do to stored events, as data: nothing here prints, asks or knows a command line.

Each operation has two steps. Its survey only reads, and tells what would happen. The work does it,
and tells `advance` how far it has come. Both raise `gateway.operations.stopped.Stopped`. The ledger
is read in the running loop, so a server does what surveys the ledger in a thread with a loop of its
own.
"""
