-- Requests as a browser sends them, each with its own query, cookie and trace; made beforehand, because making them costs
-- more than sending them.
local requests, at = {}, 0

init = function()
  local path = wrk.path
  for i = 1, 20000 do
    local headers = {
      ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
      ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
      ["Accept-Language"] = "en-US,en;q=0.5",
      ["Accept-Encoding"] = "gzip, deflate, br, zstd",
      ["Referer"] = "http://shop.example/items/" .. (i % 977),
      ["Cookie"] = string.format("session=%08x%08x; theme=dark", i * 2654435761 % 4294967296, i),
      ["X-Forwarded-Proto"] = "https",
      ["traceparent"] = string.format("00-%016x%016x-%016x-01", i * 7919, i * 104729, i * 1299709),
      ["Sec-Fetch-Mode"] = "navigate",
      ["Sec-Fetch-Site"] = "same-origin",
    }
    requests[i] = wrk.format("GET", string.format("%s?item=%d&from=%x", path, i, i * 31), headers)
  end
end

request = function()
  at = at % #requests + 1
  return requests[at]
end
