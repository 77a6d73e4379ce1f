/** What scripts for LuaJIT (Lua 5.1) rely on, in terms of Lua 5.3. */
export const PRELUDE = `
unpack = table.unpack
loadstring = load
math.pow = function(a, b) return a ^ b end
math.mod = math.fmod
math.ldexp = math.ldexp or function(m, e) return m * 2 ^ e end
table.getn = function(t) return #t end
table.maxn = function(t)
  local most = 0
  for key in pairs(t) do if type(key) == 'number' and key > most then most = key end end
  return most
end
table.foreach = function(t, f) for k, v in pairs(t) do local r = f(k, v) if r ~= nil then return r end end end
table.foreachi = function(t, f) for k, v in ipairs(t) do local r = f(k, v) if r ~= nil then return r end end end
string.gfind = string.gmatch
local format, gsub = string.format, string.gsub
string.format = function(form, ...)
  local values, at = table.pack(...), 0
  form = gsub(form, '%%([-+ #0]*%d*%.?%d*)(%a?)', function(flags, letter)
    if letter == '' then return nil end
    at = at + 1
    local value = values[at]
    if (letter == 'd' or letter == 'i') and type(value) == 'number' and math.type(value) == 'float' then
      local whole = value < 0 and math.ceil(value) or math.floor(value)
      values[at] = whole
      if math.type(whole) == 'float' then return '%' .. gsub(flags, '%.%d*', '') .. '.0f' end
    end
    return nil
  end)
  return format(form, table.unpack(values, 1, values.n))
end
local date = os.date
local function date_of(form, time)
  local text = date(form or '%c', time)
  if type(text) == 'string' and form and form:sub(1, 1) == '!' then text = gsub(text, '^!', '') end
  return text
end
os = { time = os.time, date = date_of, clock = os.clock, difftime = os.difftime, getenv = os_getenv }
os_getenv, dofile, loadfile, collectgarbage = nil, nil, nil, function() return 0 end
`
