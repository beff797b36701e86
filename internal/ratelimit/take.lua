-- One step of GCRA. KEYS[1] holds the moment, in microseconds of this server's clock, at which the bucket will be
-- full. ARGV: what one request costs, what a full bucket is worth, and 1 to take or 0 to look.
-- Returns whether the request is allowed and how much of the bucket is gone, in microseconds.
-- Every number is a whole one below 2^53, so Lua's floating point is exact.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])

local full = tonumber(redis.call('GET', KEYS[1]) or now)
local spent = math.min(math.max(full - now, 0), capacity)
if spent + cost > capacity then
  return {0, spent}
end
if ARGV[3] == '1' then
  spent = spent + cost
  redis.call('SET', KEYS[1], string.format('%.0f', now + spent), 'PX', string.format('%.0f', math.ceil(spent / 1000)))
end
return {1, spent}
