-- The writes of SDKs for wrk, in turn for every host: BENCH_CALL is renew or register, of BENCH_HOSTS
-- hosts spread over BENCH_APPS apps, with BENCH_MORE behind each form, and BENCH_DELAY_MS between an answer
-- and the connection's next request. Requests are written out before the first is sent.
local requests, at = {}, 0

local function number(name, default)
    return tonumber(os.getenv(name) or default)
end

local bodies = {
    renew = "region=sh&zone=sh001&env=dev&hostname=%s&appid=%s",
    register = "addrs=grpc%%3A%%2F%%2F10.20.30.40%%3A9000&addrs=http%%3A%%2F%%2F10.20.30.40%%3A8000" ..
        "&env=dev&hostname=%s&appid=%s&metadata=%%7B%%22weight%%22%%3A%%2210%%22%%7D&region=sh" ..
        "&status=1&version=v1.2.3&zone=sh001",
}

function init()
    local call = os.getenv("BENCH_CALL") or "renew"
    local hosts, apps = number("BENCH_HOSTS", 1000), number("BENCH_APPS", 10)
    local more = os.getenv("BENCH_MORE") or ""
    local headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }
    for i = 0, hosts - 1 do
        local body = bodies[call]:format(("host-%06d.example"):format(i), ("bench.app.%04d"):format(i % apps)) .. more
        requests[#requests + 1] = wrk.format("POST", "/discovery/" .. call, headers, body)
    end
end

function request()
    at = at % #requests + 1
    return requests[at]
end

if number("BENCH_DELAY_MS", 0) > 0 then
    function delay()
        return number("BENCH_DELAY_MS", 0)
    end
end
