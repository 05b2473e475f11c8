-- A token bucket. Time is Redis's own: the clocks of gateways change nothing, and
-- where Redis's own goes back, nothing is minted and nobody waits for it to return.
-- KEYS[1]  the bucket: a hash of t, its tokens, below zero where it owes some, and u, the microsecond when there were so many
-- ARGV     rate a second, burst, need, extra, give, debt, drain
-- Returns  what was granted, all of need and some of extra or nothing, and what is left.
local rate, burst, need = tonumber(ARGV[1]), tonumber(ARGV[2]), math.max(tonumber(ARGV[3]), 0)
local extra, give, debt = math.max(tonumber(ARGV[4]), 0), math.max(tonumber(ARGV[5]), 0), math.max(tonumber(ARGV[6]), 0)
local drain = math.max(tonumber(ARGV[7]), 0)
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local kept = redis.call('HMGET', KEYS[1], 't', 'u')
local tokens, at = tonumber(kept[1]) or burst, math.min(tonumber(kept[2]) or now, now)
tokens = math.min(burst, tokens + (now - at) * rate / 1000000 + give)
tokens = math.max(tokens - debt, math.min(tokens, 0))
tokens = math.max(tokens - drain, -burst)
local granted = 0
if tokens >= need then
  granted = need + math.min(extra, math.floor((tokens - need) / 4))
  tokens = tokens - granted
end
redis.call('HSET', KEYS[1], 't', string.format('%.6f', tokens), 'u', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - tokens) / rate * 1000) + 1000)
return {granted, math.floor(tokens)}
