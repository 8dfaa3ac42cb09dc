"""The queue: what lies in Redis, and the only code that writes it.

For each destination, all in one hash slot by the tag in braces:

    gw:{meta}:stream   stream  its events, one field `e` (see `entry`); consumer group `gateway`.
                               Acknowledged entries are deleted, so its length is what is pending.
    gw:{meta}:dead     stream  dead letters: events that ended as rejected or expired, field `d`
    gw:{meta}:counts   hash    accepted, withheld, delivered, rejected, expired; repeated;
                               replayed, dropped; attempts; latency
    gw:{meta}:drains   zset    drains at work, each with the millisecond when its lease ends
    gw:{meta}:wake     string  there while a job that will drain is queued; expires
    gw:{meta}:pause    string  there while the destination is paused (JSON: why, how often);
                               expires when the pause is over
    gw:{meta}:error    string  the last thing that went wrong (JSON: when, in whose words)
    gw:{meta}:seen:... string  with `dedupe_window`: there while an event that was taken is known
                               (a digest of its name and id); expires
    gw:{meta}:minute:N string  what was delivered in the minute N since 1970; expires

For the gateway as a whole, all but the last in one hash slot; no destination can have the name in
the braces:

    gw:counts          hash    received and refused events, time to answer
    gw:{gw:counts}:quarantine
                       stream  events that did not fit their schema, as they were when that was
                               found, until a person releases or drops them, field `q`
    gw:{gw:counts}:late:...    late consent, by what stands for a visitor: `events:V` list of what
                               waits, `due` zset of who is to be looked at when, `said` hash of what
                               visitors stated meanwhile, `withdrawn:V` hash of denials and when
    gw:recent          stream  the last decisions and outcomes, only for the demo shop

Counters change in the same script as the stream that they count, so that for every destination

    accepted = withheld + delivered + rejected + expired + pending

holds at any moment and through any crash, where pending is the length of the stream and the count
`held` of events that wait for late consent. A dead letter that is replayed is an event accepted
once more (it stays counted as rejected or expired, and gets a second ending); one that is dropped
keeps its ending. So the dead letters that are kept are rejected + expired - replayed - dropped.

An event in quarantine is withheld at every destination, and counted so. When it is released it is
accepted once more everywhere, and what today's configuration decides is counted: that it is
withheld, or how it ends. It leaves the quarantine in the step that appends it, so it is released
once, or not at all. One that is dropped from there stays counted as withheld.

On a cluster no step reaches two slots, so an append is one step for each destination, and at last
one for what is the gateway's own. The law holds for each destination as it stands. What failed in
part is sent again by its sender, and the marks of what was taken make that harmless; for the same
reason nothing can wait for late consent there. See `gateway.queue.append`.

RQ's own keys begin with ``rq:`` and hold no event. They may be on a server of their own
(`redis.jobs_url`), and must be beside a cluster.
"""
