#!lua
-- Does nothing, but does not declare `allow-oom`: Redis refuses it once its memory is full.

return 1
