#!lua
-- Does nothing. It does not declare `allow-oom`, so Redis refuses it once its memory is full.

return 1
