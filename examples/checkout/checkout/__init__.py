"""The checkout of a shop that tells an event gateway of every purchase, once."""
