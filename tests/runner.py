#!/usr/bin/python3
"""Builds and runs the tests: unit, sim, fuzz, tidy, lint, golden, mutants, scenario, docs, web.

Cases are counted, not programs: cmocka's XML, the `NAME: passed` (FAILED, skipped) lines of a scenario, the entries
of the replay. The report is build/test-report.json; the last line `N passed, N failed, N skipped`.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build")
GROUPS = ("tidy", "unit", "sim", "fuzz", "lint", "golden", "mutants", "scenario", "docs", "web")
FUZZ_SECONDS = 6
SIM_SEEDS = 200
STORE_SIM_SEEDS = 200
IDLE = ("stop",)  # scenarios that do nothing but wait for minutes: they run beside all that computes
REPLAYS = ("all", "etcdctl", "etcd-json")
SELFTESTS = ("selftest", "etcd-selftest")
LONGEST = ("differences", "kill", "partition", "rows", "hostile", "crowded", "soak", "crashpoints", "up", "twice", "places",
           "names", "early", "balancer")  # scenarios, begun first
WORKERS = max(2, os.cpu_count() or 2)
OUTPUT_MAX = 8000  # characters of a failed program's output that are shown and reported


class Results:
    def __init__(self):
        self.cases = []
        self.lock = threading.Lock()

    def add(self, group, name, state, output=""):
        with self.lock:
            self.cases.append({"group": group, "name": name, "state": state, "output": output[-OUTPUT_MAX:]})
            if state != "passed":
                print("%s %s: %s\n%s" % (group, state, name, output[-OUTPUT_MAX:]), flush=True)

    def count(self, state):
        return sum(case["state"] == state for case in self.cases)

    def say(self, group, name, before, began):
        """One line of progress for a program whose cases came after `before`."""
        with self.lock:
            mine = [c for c in self.cases[before:] if c["group"] == group and c["name"].startswith(name)]
        print("%-8s %-36s %d cases in %.1f s" % (group, name, len(mine), time.monotonic() - began), flush=True)


def run(command, seconds, env=None, cwd=ROOT):
    """(exit status, output); a program that takes too long is killed with all it started."""
    process = subprocess.Popen(command, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        output = process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output = process.communicate()[0] + b"\nkilled: took longer than %d s\n" % seconds
    return process.returncode, output.decode("utf-8", "replace")


def forget_foreign(tree):
    """A build that came along with a copy of another tree would go on building that."""
    try:
        with open(os.path.join(tree, "CMakeCache.txt"), encoding="utf-8") as file:
            home = [line.strip().split("=", 1)[1] for line in file if line.startswith("CMAKE_HOME_DIRECTORY:")]
    except OSError:
        return
    if home and not (os.path.exists(home[0]) and os.path.samefile(home[0], ROOT)):
        print("%s is a build of %s: it is made afresh" % (tree, home[0]), flush=True)
        shutil.rmtree(tree)


def build(preset, targets=()):
    """Configures and builds; ends the run when that fails."""
    began = time.monotonic()
    tree = os.path.join(BUILD, preset)
    print("building %s" % preset, flush=True)
    commands = [["cmake", "--build", tree, *(["--target", *targets] if targets else [])]]
    forget_foreign(tree)
    if not os.path.exists(os.path.join(tree, "build.ninja")):
        commands.insert(0, ["cmake", "--preset", preset])
    for command in commands:
        status, output = run(command, 1800)
        if status != 0:
            print(output[-OUTPUT_MAX:])
            print("the build of %s failed: %s\n0 passed, 1 failed, 0 skipped" % (preset, " ".join(command)))
            sys.exit(1)
    print("building %s took %.0f s" % (preset, time.monotonic() - began), flush=True)


def turn(count):
    """Whose turn it is of count, by the commit's hash, where a whole run does a share at a time."""
    _, output = run(["git", "rev-parse", "HEAD"], 10)
    commit = re.match(r"[0-9a-f]{40}$", output.strip())
    return int(commit.group(0), 16) % count if commit else 0


def in_parallel(jobs, workers=WORKERS):
    with ThreadPoolExecutor(workers) as pool:
        for job in [pool.submit(*job) for job in jobs]:
            job.result()


# ── unit ──

def read_cmocka(results, name, folder, status, output):
    """Adds the cases of one binary from its XML; a crash is a failed case of its own."""
    found = failed = 0
    for file in sorted(os.listdir(folder)):
        try:
            root = ElementTree.parse(os.path.join(folder, file)).getroot()
        except ElementTree.ParseError:
            continue
        for case in root.iter("testcase"):
            found += 1
            full = "%s: %s" % (name, case.get("name"))
            failure = case.find("failure")
            if failure is None:
                failure = case.find("error")
            if failure is not None:
                failed += 1
                results.add("unit", full, "failed", (failure.text or "") + output)
            elif case.find("skipped") is not None:
                results.add("unit", full, "skipped", case.find("skipped").text or "")
            else:
                results.add("unit", full, "passed")
    if (status != 0 and not failed) or found == 0:
        results.add("unit", name, "failed", "exit %d, %d cases seen\n%s" % (status, found, output))


UNIT_SECONDS = 240  # longer is hanging: a third of the simulator's seeds under sanitizers take 35 on an idle core
SIM_SHARE = 3  # sanitizers look at every third of the seeds that found a bug, the others in turn: the judge looks at all
THREADED = ("store_actor_flusher_test",)  # what runs with ThreadSanitizer too
FIRST = ("sim_sim_test", "replicator_repair_test", "registry_storage_faults_test")  # they take longest


def unit_program(results, preset, name, command):
    before, began = len(results.cases), time.monotonic()
    label = "%s %s" % (preset, name)
    if name.startswith("fuzz_"):  # its seeds, one program
        status, output = run(command, UNIT_SECONDS)
        results.add("unit", label, "passed" if status == 0 else "failed", output)
    else:
        with tempfile.TemporaryDirectory() as folder:
            env = {"CMOCKA_MESSAGE_OUTPUT": "xml", "CMOCKA_XML_FILE": os.path.join(folder, "%g.xml")}
            if preset == "asan":
                env.update(SIM_SHARE=str(SIM_SHARE), SIM_TURN=str(turn(SIM_SHARE)))
            status, output = run(command, UNIT_SECONDS, env)
            read_cmocka(results, label, folder, status, output)
    results.say("unit", label, before, began)


def unit(results):
    jobs = []
    for preset in ("dev", "asan"):
        _, text = run(["ctest", "--test-dir", os.path.join(BUILD, preset), "--show-only=json-v1"], 60)
        tests = json.loads(text)["tests"]
        if not tests:
            results.add("unit", preset, "failed", "ctest knows no test in build/%s" % preset)
        jobs += [(unit_program, results, preset, test["name"], test["command"]) for test in tests]
    jobs += [(unit_program, results, "tsan", name, [os.path.join(BUILD, "tsan", "bin", name)]) for name in THREADED]
    in_parallel(sorted(jobs, key=lambda job: job[3] not in FIRST))


# ── sim ──

def seeds_of(results, name, count):
    """A simulator's first seeds; each is a case."""
    status, output = run([os.path.join(ROOT, "tests", "sim", name), "--seeds", "1..%d" % count], 300,
                         {"MUSTER_BIN": os.path.join(BUILD, "dev", "bin")})
    match = re.search(r"^seeds=(\d+) failed=(\d+)", output, re.M)
    seeds, failed = (int(match.group(1)), int(match.group(2))) if match else (0, 1)
    for number in range(seeds - failed):
        results.add("sim", "%s: seed %d" % (name, number), "passed")
    for number in range(failed or (status != 0)):
        results.add("sim", "%s: failed seed %d" % (name, number + 1), "failed", output if number == 0 else "see above")
    print("%-8s %-36s %d seeds, %d failed" % ("sim", name, seeds, failed), flush=True)


def sim(results):
    """Whole clusters in virtual time, of either plane."""
    seeds_of(results, "run", SIM_SEEDS)
    seeds_of(results, "store", STORE_SIM_SEEDS)


# ── fuzz ──

def fuzzers():
    folder = os.path.join(ROOT, "tests", "fuzz")
    return sorted(f[:-2] for f in os.listdir(folder) if f.startswith("fuzz_") and f.endswith(".c"))


def fuzz_one(results, name):
    with tempfile.TemporaryDirectory() as found:
        status, output = run([os.path.join(BUILD, "fuzz", "bin", name), found,
                              os.path.join(ROOT, "tests", "fuzz", "corpus", name),
                              "-max_total_time=%d" % FUZZ_SECONDS, "-timeout=5", "-rss_limit_mb=1024",
                              "-artifact_prefix=%s/" % BUILD, "-print_final_stats=1"], FUZZ_SECONDS + 60)
    runs = re.search(r"number_of_executed_units:\s*(\d+)", output)
    results.add("fuzz", name, "passed" if status == 0 and runs else "failed", output)
    print("%-8s %-36s %s runs" % ("fuzz", name, runs.group(1) if runs else "no"), flush=True)


def coverage(results):
    status, output = run([os.path.join(ROOT, "tests", "fuzz", "coverage")], 300)
    print(output, end="", flush=True)
    results.add("fuzz", "coverage", {0: "passed", 77: "skipped"}.get(status, "failed"), output)


def fuzz(results):
    in_parallel([(fuzz_one, results, name) for name in fuzzers()])
    coverage(results)


# ── mutants ──

def mutants(results, words):
    """Mistakes put into a copy of the tree, each of which a test must see; a mutant is a case. words: --tenth, or none."""
    before, began = len(results.cases), time.monotonic()
    status, output = run([os.path.join(ROOT, "tests", "mutants", "run"), *words], 3600)
    for line in re.findall(r"^(?:the tenth that begins .*|\d+ mutants, \d+ killed)$", output, re.M):
        print("%-8s %s" % ("mutants", line), flush=True)
    script_cases(results, "mutants", "run", status, output)
    results.say("mutants", "run", before, began)


# ── scripts ──

def script_cases(results, group, name, status, output):
    """The cases a script names in its output, else the script as one."""
    if status == 77:
        results.add(group, name, "skipped", output)
        return
    cases = re.findall(r"^(\w+): (passed|FAILED|skipped: .*)", output, re.M)
    for case, state in cases:
        results.add(group, "%s: %s" % (name, case), {"passed": "passed", "FAILED": "failed"}.get(state, "skipped"),
                    {"passed": "", "FAILED": output}.get(state, state))
    if not cases or (status != 0 and all(state != "FAILED" for _, state in cases)):
        results.add(group, name, "passed" if status == 0 else "failed", output)


def script(results, group, path, seconds, preset="dev"):
    before, name, began = len(results.cases), os.path.basename(path), time.monotonic()
    status, output = run([path], seconds, {"MUSTER_BIN": os.path.join(BUILD, preset, "bin")})
    script_cases(results, group, name, status, output)
    results.say(group, name, before, began)


def golden(results, name):
    """A replay; an entry is a case."""
    status, output = run([os.path.join(ROOT, "tests", "golden", name)], 240,
                         {"MUSTER_BIN": os.path.join(BUILD, "dev", "bin")})
    if status == 77:
        results.add("golden", name, "skipped", output)
        return
    match = re.search(r"(\d+) checked, (\d+) differ\s*$", output)
    checked, differ = (int(match.group(1)), int(match.group(2))) if match else (0, 1)
    for number in range(checked - differ):
        results.add("golden", "%s: entry %d" % (name, number), "passed")
    for number in range(differ):
        results.add("golden", "%s: difference %d" % (name, number + 1), "failed", output if number == 0 else "see above")
    if status != 0 and differ == 0:
        results.add("golden", name, "failed", output)
    print("%-8s %-36s %d checked, %d differ" % ("golden", name, checked, differ), flush=True)


def scenarios():
    folder = os.path.join(ROOT, "tests", "scenario")
    return sorted(os.path.join(folder, f) for f in os.listdir(folder)
                  if "." not in f and os.access(os.path.join(folder, f), os.X_OK) and os.path.isfile(os.path.join(folder, f)))


def scripts(results, wanted):
    """The replay waits most of its time, so scenarios run beside it; longest first."""
    jobs = []
    if "golden" in wanted:
        jobs = [(golden, results, name) for name in REPLAYS]
        jobs += [(script, results, "golden", os.path.join(ROOT, "tests", "golden", name), 60) for name in SELFTESTS]
    if "scenario" in wanted:
        names = list(LONGEST)
        order = sorted((path for path in scenarios() if os.path.basename(path) not in IDLE),
                       key=lambda path: (names.index(os.path.basename(path))
                                         if os.path.basename(path) in names else len(names), path))
        jobs = [(script, results, "scenario", path, 300) for path in order[:1]] + jobs
        jobs += [(script, results, "scenario", path, 300) for path in order[1:]]
    if "web" in wanted:
        jobs.insert(len(jobs) // 2, (script, results, "web", os.path.join(ROOT, "tests", "web", "run"), 460))
    if "docs" in wanted:
        jobs.insert(1, (script, results, "docs", os.path.join(ROOT, "tests", "docs", "run"), 900))
    in_parallel(jobs, WORKERS + 1)  # each of them waits more than it computes


def idle_scripts(results):
    """Begins those in threads of their own."""
    threads = [threading.Thread(target=script, args=(results, "scenario", path, 300))
               for path in scenarios() if os.path.basename(path) in IDLE]
    for thread in threads:
        thread.start()
    return threads


def tidy(results):
    status, output = run([os.path.join(ROOT, "tests", "tidy.sh")], 300)
    for state, name in re.findall(r"^(ok|FAILED|skipped) (.*)$", output, re.M):
        results.add("tidy", name, {"ok": "passed", "FAILED": "failed"}.get(state, state), "" if state == "ok" else output)
    if not output.strip():
        results.add("tidy", "tidy.sh", "failed", "it printed nothing, exit %d" % status)
    cppcheck(results)


def cppcheck(results):
    status, output = run(["cppcheck", "-q", "-j%d" % WORKERS, "--std=c11", "--enable=warning,portability",
                          "--inline-suppr", "--error-exitcode=1", "-I.", "-D_GNU_SOURCE", "-DMUSTER_VERSION=\"0\"",
                          "--suppressions-list=tests/cppcheck.txt",
                          "common", "actors", "gateway"], 180)
    results.add("tidy", "cppcheck", "passed" if status == 0 else "failed", output)
    print("%-8s %-36s" % ("tidy", "tidy.sh and cppcheck"), flush=True)


# ── lint ──

def lint_one(results, source):
    """The analyzer, nearly all of the time this takes, looks at what is installed; tests run with sanitizers."""
    checks = ["--checks=-clang-analyzer-*"] if source.startswith(os.path.join(ROOT, "tests", "")) else []
    status, output = run(["clang-tidy-14", "--quiet", *checks, "-p", os.path.join(BUILD, "dev"), source], 300)
    results.add("lint", os.path.relpath(source, ROOT), "passed" if status == 0 else "failed", output)


LINT_SHARES = (("tests", 4), ("", 3))  # of the sources below, in a whole run: one in so many
LINT_COMMITS = 5  # what these have changed is looked at in any case


def changed_lately():
    _, output = run(["git", "log", "-n", str(LINT_COMMITS), "--name-only", "--format="], 30)
    return {os.path.join(ROOT, line) for line in output.split()}


def share_of(sources):
    """What is new, and of the rest a share, in turn."""
    mine, lately, rest = [], changed_lately(), set(sources)
    for folder, share in LINT_SHARES:
        below = sorted(source for source in rest if source.startswith(os.path.join(ROOT, folder)))
        rest -= set(below)
        mine += [source for i, source in enumerate(below) if source in lately or i % share == turn(share)]
    return mine


def lint(results, all_of_them):
    """clang-tidy over every source, with the checks of .clang-tidy; largest first. A share of them, in turn, unless all are
    asked for."""
    with open(os.path.join(BUILD, "dev", "compile_commands.json"), encoding="utf-8") as file:
        sources = sorted({entry["file"] for entry in json.load(file) if entry["file"].endswith(".c")})
    if not all_of_them:
        count = len(sources)
        sources = share_of(sources)
        print("lint     %d of %d sources: what is new, and a share in turn" % (len(sources), count), flush=True)
    in_parallel([(lint_one, results, source) for source in sorted(sources, key=os.path.getsize, reverse=True)])
    print("%-8s %-36s %d sources" % ("lint", "clang-tidy", len(sources)), flush=True)


def main():
    wanted = sys.argv[1:] or list(GROUPS)
    some = [] if sys.argv[1:] else ["--tenth"]  # of the mutants: all take minutes
    for name in wanted:
        if name not in GROUPS:
            print("no tests named %s: %s" % (name, ", ".join(GROUPS)), file=sys.stderr)
            sys.exit(2)
    began, results = time.monotonic(), Results()

    def took(group):
        print("%-8s until %.0f s" % (group, time.monotonic() - began), flush=True)

    os.makedirs(BUILD, exist_ok=True)
    if {"tidy", "unit", "sim", "golden", "scenario", "lint"} & set(wanted):
        build("dev")
    if "tidy" in wanted:
        tidy(results)
    if "unit" in wanted:
        build("asan")
        build("tsan", THREADED)
        unit(results)
        took("unit")
    beside = idle_scripts(results) if "scenario" in wanted else []
    if "sim" in wanted:
        sim(results)
        took("sim")
    if "fuzz" in wanted and fuzzers():
        build("fuzz", fuzzers())
        fuzz(results)
        took("fuzz")
    if "lint" in wanted:
        lint(results, bool(sys.argv[1:]))
        took("lint")
    if "mutants" in wanted:
        mutants(results, some)
        took("mutants")
    scripts(results, wanted)
    for thread in beside:
        thread.join()

    with open(os.path.join(BUILD, "test-report.json"), "w", encoding="utf-8") as file:
        json.dump({"seconds": round(time.monotonic() - began), "cases": results.cases}, file, indent=1)
    passed, failed, skipped = map(results.count, ("passed", "failed", "skipped"))
    print("%.0f s; report: build/test-report.json" % (time.monotonic() - began))
    for case in results.cases:
        if case["state"] == "failed":
            print("failed: %s %s" % (case["group"], case["name"]))
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    sys.exit(1 if failed or not passed else 0)


main()
