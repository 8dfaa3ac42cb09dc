"""What the pages of dead letters and of the quarantine have in common.

area       what differs between the two
selected   which events are meant, by the query of a URL or a form
listing    groups and the newest
sheet      one event
survey     what work on several would do, before it begins
"""
