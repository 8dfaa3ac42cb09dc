"""The queue: all keys in Redis, and the only code that writes them.

Every key begins with `redis.namespace`, which is ``gw`` by default. `gateway.queue.keys.Keys` makes
their names. For each destination, all in one hash slot because of the tag in braces:

    gw:{meta}:stream   stream  its pending events, field `e` (see `gateway.queue.entry`); consumer
                               group `gateway`. Acknowledged entries are deleted, so the length of
                               the stream is the number of pending events.
    gw:{meta}:dead     stream  dead letters: events that were rejected or expired, field `d`; field
                               `n` is the size by which the letter counts in `dead_bytes`
    gw:{meta}:untrusted
                       stream  the ids of dead letters of untrusted senders
    gw:{meta}:counts   hash    accepted, withheld, held; `submitted`, how many of the entries in the
                               stream the vendor has but has given no verdict on yet, and their size
                               `submitted_bytes`; delivered, rejected, expired; `warned`, how many
                               of the delivered had a warning from the vendor; repeated; unmarked;
                               replayed, dropped, removed by reason; attempts; polls; latency;
                               pauses in a row; sending rate, and when it lets the next request
                               start; `pending_bytes`, the size of
                               the entries in the stream; `dead_bytes`, the size of the dead
                               letters; withheld events by reason; `again:accepted` and so on;
                               and `days_from`, see `gateway.queue.counting`
    gw:{meta}:counts:N hash    accepted, withheld, delivered, rejected, expired, repeated of the
                               events that came in on day N (UTC) since 1970, and how many of each
                               were in a later passage; expires after 35 days
    gw:{meta}:drains   zset    drains at work, scored by the millisecond when their lease ends;
                               expires with the last of them
    gw:{meta}:wake     string  exists while a job that will drain is queued; expires
    gw:{meta}:pause    string  exists while the destination is paused (JSON: reason, number in a
                               row); expires when the pause is over
    gw:{meta}:suspects string  ids of the entries that, alone in a request, got a response about the
                               whole destination since the last success (a JSON array); expires
    gw:{meta}:tickets  hash    requests that the vendor has taken and gives its verdict on later: by
                               time and first entry, the ticket and the ids of the entries, see
                               `gateway.queue.submitted`
    gw:{meta}:polls    zset    the same requests, scored by the millisecond when to ask about them
    gw:{meta}:polled   string  exists until the vendor may be asked again; expires
    gw:{meta}:error    string  the last failure (JSON: time, reason); expires
    gw:{meta}:warning  string  the last warning of the vendor (JSON: time, reason); expires
    gw:{meta}:seen:... string  with `dedupe_window`, and for requests that were refused in part:
                               exists while a repeated event is recognised (a digest of its name and
                               id); on a cluster with a ledger it holds a receipt and passage;
                               expires
    gw:{meta}:seen#N   string  how many such marks were written in part N of the time; see
                               `gateway.queue.marks`
    gw:{meta}:replays:R/N
                       string  exists for a day once the event with the receipt R was sent again
                               as its passage N
    gw:{meta}:minute:N string  number of events delivered in minute N since 1970; expires
    gw:{meta}:feed, gw:{meta}:feed:name
                               on a cluster with a ledger: like the gateway's keys of these names,
                               for this destination alone; its counts have `feed_bytes` and so on
    gw:{meta}:committed:S
                       string  on a cluster: like the gateway's key of this name

For the gateway as a whole, all but the last seven in one hash slot. No destination can have the
name in the braces:

    gw:counts          hash    received and refused events, time to answer,
                               requests that do not state the visitor's address; `held_events` and
                               `held_bytes`, how many events wait for consent and their size;
                               `quarantine_bytes`, and `quarantine_removed:` with each reason;
                               `feed_bytes`, the size of the feed; `feed_cut`, records that lost
                               detail at its bound; `feed_dropped`, records that were left out at
                               its bound or because they could not be stored
    gw:{gw:counts}:quarantine
                       stream  events that did not match their schema, as they were when they were
                               checked, until a person releases or drops them, fields `q` and `n`,
                               its bytes; bounded by number, bytes and age, see
                               `gateway.queue.quarantine.trim`
    gw:{gw:counts}:quarantine:untrusted
                       stream  ids of the entries from untrusted senders, which are removed first
    gw:{gw:counts}:late:...    held consent. P stands for a page, V for a page or a visitor, both as
                               keyed digests: `events:P` list of the held events, encrypted,
                               `due` zset of pages by the millisecond when the wait of their oldest
                               event is over, `said` hash of what pages have stated since,
                               `withdrawn:V` hash of denials and their times; `withdrawn:#N`
                               string, how many of these were written in part N of the time
    gw:{gw:counts}:feed
                       stream  with a ledger: records of decisions and endings, until the ledger
                               has stored them; see `gateway.queue.feed`
    gw:{gw:counts}:feed:name
                       string  names this stream, since its ids start again in another Redis
    gw:{gw:counts}:feeds
                       set     on a cluster: the destinations that may have a feed
    gw:{gw:counts}:committed:S
                       string  the number of the last commit of the series S, by which a repeated
                               commit is recognised, see `gateway.queue.commits`; expires
    gw:{gw:counts}:erased
                       zset    tombstones of erased persons (keyed digests of ids, receipts), scored
                               by the second when they were written; expires; see
                               `gateway.queue.tombstones`
    gw:{gw:counts}:credential:C
                       string  the newest access token of the credential C, and its refresh token,
                               encrypted; expires. `credential:C:lock` exists while a process renews
                               it; expires
    gw:{gw:counts}:quota:Q:D
                       string  requests that were sent on the day D (UTC, days since 1970) of a
                               vendor's daily quota Q; expires
    gw:{gw:counts}:limit:S:A
                       hash    with `rate_limit: {shared: true}`: what the address A may still send
                               to source S (`at`, requests, events, bytes); expires when its budget
                               is full again
    gw:{gw:counts}:console:session:D
                       hash    a session of the console: `data` (JSON), `ends`, the millisecond when
                               it is over, `started`; D is the digest of its token; expires
    gw:{gw:counts}:console:ended
                       string  the millisecond before which all sessions of the console, and all
                               links to it, have ended
    gw:{gw:counts}:console:link:D
                       hash    a one-time link to the console, until it is used: as a session,
                               without data; expires
    gw:{gw:counts}:console:once:D
                       string  exists once a sign-in with a provider was finished, until its time
                               is over; expires
    gw:{gw:counts}:console:pace:...
                       string  the millisecond when all attempts to sign in are available again, for
                               a network, a name in a network, and all strangers; expires
    gw:{gw:counts}:console:known:D
                       string  exists for 30 days after somebody signed in with a password: D is the
                               digest of the name and the network; expires
    gw:{gw:counts}:console:refused:..., console:noted:...
                       string  refused attempts that no line of the operators' log counts yet, and
                               whether a line was written lately; expires
    gw:gateways        zset    the sets of destinations of the gateways at work (JSON), scored by
                               the millisecond when they expire; see `gateway.queue.gateways`
    gw:destinations    set     names of destinations that are or were configured, until nothing is
                               stored for them; see `gateway.queue.remembered`
    gw:configured      hash    when each of these was last configured, in Unix seconds
    gw:link:...        string  exists when a link between domains was used (a digest of its
                               signature); expires with the link
    gw:recent          stream  the latest decisions and outcomes, for the demo shop only; expires
    gw:refused         stream  a sample of refused events without their values, see
                               `gateway.queue.refused`; expires
    gw:refused:requests
                       hash    a sample of refused requests without any value, see
                               `gateway.queue.refused_requests`; expires

Counters change in the same script as the stream that they count, so that for every destination

    accepted = withheld + delivered + rejected + expired + pending

holds at any moment and through any crash, in total and for the events of each day, and so that
withheld is the sum of the counts by reason. Here pending is the length of the stream plus the count
`held` of events that wait for consent. An entry that was submitted to a vendor stays in the stream
until the vendor has given its verdict. A dead letter that is replayed is accepted once more: it
stays counted as rejected or expired, and gets a second ending. A dead letter that is dropped, or
removed because of a bound, keeps its ending. So the number of dead letters is
rejected + expired - replayed - dropped - removed.

Dead letters are bounded by count, bytes and age. The step that adds one removes those beyond the
bounds, and so does the sweep: first those that are too old, then the oldest of untrusted senders,
then the oldest of all. See `gateway.queue.settle`.

An event in quarantine is counted as withheld at every destination. When it is released it is
accepted once more everywhere, and the decision of the current configuration is counted: withheld,
or its ending. It leaves the quarantine in the step that appends it, so it is released once or not
at all. An event that is dropped stays counted as withheld.

On a cluster no step can write to two slots. An append is one step for each destination, followed by
one for the gateway's own keys. The law holds for each destination by itself. After a partial
failure the sender repeats the request, and marks keep events from being taken twice. For the same
reason no event can wait for consent on a cluster, and each destination has a feed of its own. See
`gateway.queue.append` and `gateway.queue.feeds`.

RQ's keys begin with ``rq:`` and hold no event. Its queue is named ``gateway``, or after another
namespace ``gateway-NAMESPACE``, and so are its registries and the lock of its scheduler. They may
be on a server of their own (`redis.jobs_url`), and must be when the events are on a cluster.
"""
