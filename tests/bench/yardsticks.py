"""What muster is measured against: servers that do as little as the work allows."""
import os
import subprocess

import bench


def await_port(started, port):
    """Returns the server once it listens."""
    bench.wait_until("%s listens" % started.command, lambda: started.process.poll() is not None or bench.listens(port))
    assert started.process.poll() is None, "%s ended at once" % started.command
    return started


NGINX = """
daemon off;
master_process off;
pid {dir}/pid;
error_log stderr crit;
worker_rlimit_nofile 10000;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    default_type "application/json; charset=utf-8";
    client_body_temp_path {dir}; proxy_temp_path {dir}; fastcgi_temp_path {dir};
    uwsgi_temp_path {dir}; scgi_temp_path {dir};
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
{body}
        }}
    }}
}}
"""
NGINX_WORD = 4000  # its configuration takes no longer words


def nginx(body):
    """One worker on the server core that answers everything with the body. One longer than a word of
    its configuration is put together from constants, a copy a request."""
    assert "'" not in body and "$" not in body and "\\" not in body
    words = [body[i:i + NGINX_WORD] for i in range(0, len(body), NGINX_WORD)]
    if len(words) == 1:
        lines = "return 200 '%s';" % body
    else:
        lines = "\n".join("set $part%d '%s';" % pair for pair in enumerate(words))
        lines += '\nreturn 200 "%s";' % "".join("${part%d}" % i for i in range(len(words)))
    directory, port = bench.scratch(), bench.free_port()
    config = os.path.join(directory, "nginx.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(NGINX.format(dir=directory, port=port, body=lines))
    started = bench.Started("nginx", "-p", directory, "-c", config, core=bench.SERVER_CORE)
    started.port = port
    await_port(started, port)
    client = bench.Client(port)
    assert client.get("/").text == body
    client.close()
    return started


def bare_post(pool_bytes, core=bench.SERVER_CORE):
    """libmicrohttpd that takes a form and answers at once."""
    port = bench.free_port()
    started = bench.Started(bench.program("bare_post"), str(port), str(pool_bytes), core=core)
    started.port = port
    return await_port(started, port)


def bare_hop_cpu_s(seconds):
    """CPU seconds of 100,000 questions over libzmq, each answered before the next."""
    words = [bench.program("bare_hop"), str(seconds)]
    done = subprocess.run(words, text=True, stdout=subprocess.PIPE, check=True).stdout.split()
    return float(done[3]) / int(done[1]) * 1e5


def bare_epoll(answer):
    """Keeps what polls; sends each the answer, whole as it goes over the wire, when told to."""
    path, port = os.path.join(bench.scratch(), "answer"), bench.free_port()
    with open(path, "wb") as file:
        file.write(answer)
    started = bench.Started(bench.program("bare_epoll"), str(port), path, core=bench.SERVER_CORE)
    started.port = port
    return await_port(started, port)
