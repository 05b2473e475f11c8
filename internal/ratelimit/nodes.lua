-- Counts the nodes that have been heard of lately, this one among them.
-- KEYS[1]  a sorted set of nodes by the second when each was heard of
-- ARGV     the node, and for how many seconds one counts
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('EXPIRE', KEYS[1], tonumber(ARGV[2]) * 2)
return redis.call('ZCARD', KEYS[1])
