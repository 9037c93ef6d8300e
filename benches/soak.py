#!/usr/bin/env python3
"""Thousands of local feeds, some of them hostile, for some minutes: is every entry seen once and in time, and does memory stay?

    benches/soak.py [--vedetta target/release/vedetta] [--feeds 10000] [--minutes 10] [--interval 60] [--hostile 0.01]

Each feed has an address of its own in 127.0.0.0/8 and brings a new entry now and then. Hostile ones drip, never end, unpack to
gigabytes, lie about their length, redirect for ever, nest without end, or break off. One entry in 200 is about the topic and
must come out at the webhook. Everything runs on loopback and stops by itself. Exit code 1 if an entry was lost, seen twice,
late by more than an interval and ten seconds, or if memory went over 300 MB. Linux, Python's standard library only.
"""

import argparse
import asyncio
import gzip
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from email.utils import formatdate
from pathlib import Path

KEPT = 20
BOMB = gzip.compress(b"<rss><channel>" + b"<item><title>x</title></item>" * 400_000)
NESTED = b"<rss version='2.0'><channel>" + b"<a>" * 300_000
HOSTILE = ["drip", "endless", "bomb", "short", "loop", "nested", "hangup", "silent"]


class World:
    def __init__(self, options):
        self.options = options
        self.start = time.time()
        rng = random.Random(7)
        self.hostile = {n: HOSTILE[i % len(HOSTILE)] for i, n in
                        enumerate(rng.sample(range(options.feeds), int(options.feeds * options.hostile)))}
        # A new entry every two to eight minutes, from a moment of its own.
        self.every = [rng.uniform(120, 480) for _ in range(options.feeds)]
        self.phase = [rng.uniform(0, every) for every in self.every]
        self.requests = 0
        self.called = []
        self.first_poll = {}

    def entries(self, n, now):
        """Number of the newest entry of a feed; 0 is there from the start."""
        return max(0, int((now - self.start + self.phase[n]) // self.every[n]))

    def appears(self, n, number):
        return self.start + number * self.every[n] - self.phase[n]

    def feed(self, n, now):
        newest = self.entries(n, now)
        items = []
        for number in range(newest, max(-1, newest - KEPT), -1):
            about = "Прожектор на вышке 7: soak-needle" if (n * 31 + number) % 200 == 0 else "Nessuna nave in vista"
            items.append(
                f"<item><title>{about}, {n} {number}</title><link>http://outlet{n}.example/{number}</link>"
                f"<guid isPermaLink=\"false\">{n}:{number}</guid><pubDate>{formatdate(self.appears(n, number), usegmt=True)}</pubDate>"
                f"<description>Bollettino {number} della stazione {n}: mare calmo, vento debole, 能见度良好.</description></item>")
        return ("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Stazione %d</title><link>http://outlet%d.example/</link>"
                "<description>d</description>%s</channel></rss>" % (n, n, "".join(items))).encode(), newest

    async def serve(self, reader, writer):
        try:
            while True:
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 90)
                lines = head.decode("latin-1").split("\r\n")
                method, path, _ = lines[0].split(" ", 2)
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
                if method == "POST":
                    body = await reader.readexactly(int(headers.get("content-length", 0)))
                    self.called.append((time.time(), json.loads(body)))
                    writer.write(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
                    await writer.drain()
                    continue
                self.requests += 1
                n = int(path.strip("/").split("/")[0].split("?")[0])
                if n in self.hostile:
                    await self.attack(self.hostile[n], n, writer)
                    return
                now = time.time()
                body, newest = self.feed(n, now)
                self.first_poll.setdefault(n, newest)
                tag = f"\"{n}-{newest}\""
                if headers.get("if-none-match") == tag:
                    writer.write(f"HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n\r\n".encode())
                else:
                    writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: {tag}\r\n"
                                 f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.TimeoutError, asyncio.CancelledError, ConnectionError, ValueError):
            pass
        finally:
            writer.close()

    async def attack(self, kind, n, writer):
        ok = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"
        if kind == "drip":
            writer.write(ok + b"Content-Length: 100000\r\n\r\n")
            for _ in range(60):
                writer.write(b"<")
                await writer.drain()
                await asyncio.sleep(1)
        elif kind == "endless":
            writer.write(ok + b"\r\n<rss><channel>")
            for _ in range(2_000):
                writer.write(b"<item><title>x</title></item>" * 300)
                await writer.drain()
        elif kind == "bomb":
            writer.write(ok + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB)
        elif kind == "short":
            writer.write(ok + b"Content-Length: 5000\r\n\r\n<rss>")
        elif kind == "loop":
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: /%d?%d\r\nContent-Length: 0\r\n\r\n" % (n, random.randrange(10**9)))
        elif kind == "nested":
            writer.write(ok + b"Content-Length: %d\r\n\r\n" % len(NESTED) + NESTED)
        elif kind == "silent":
            await asyncio.sleep(60)
        await writer.drain()


def address(n):
    return f"127.{1 + n // 62500}.{n // 250 % 250}.{1 + n % 250}"


def memory(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def run(options):
    world = World(options)
    server = await asyncio.start_server(world.serve, "0.0.0.0", 0, limit=1 << 16, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="vedetta-soak-"))
    (folder / "rules").mkdir()
    (folder / "rules" / "needle.toml").write_text(
        '[[topic]]\nid = "needle"\nmatch = "\\"soak needle\\""\n[topic.story]\nalert_on = ["first", "every"]\n'
        '[[topic.test]]\ntitle = "soak-needle"\nexpect = { match = true }\n')
    (folder / "vedetta.toml").write_text(
        f'[store]\nurl = "sqlite:{folder}/vedetta.db"\n[rules]\npaths = ["{folder}/rules"]\n'
        # Every alert by itself, so that they can be counted.
        f'[flood]\nlimit = 0\n'
        f'[poll]\ninterval = "{options.interval}s"\nfirst_poll = "none"\n'
        f'[network]\nallow = ["127.0.0.0/8"]\n[feeds]\npaths = ["{folder}/feeds.txt"]\n'
        f'[channel.hook]\ntype = "webhook"\nurl = "http://127.0.0.1:{port}/hook"\n')
    (folder / "feeds.txt").write_text("".join(f"http://{address(n)}:{port}/{n}\n" for n in range(options.feeds)))
    log = open(folder / "log", "wb")
    daemon = await asyncio.create_subprocess_exec(
        options.vedetta, "run", "--config", str(folder / "vedetta.toml"), stdout=log, stderr=log)
    samples = []
    end = world.start + options.minutes * 60
    while time.time() < end and daemon.returncode is None:
        await asyncio.sleep(min(10, max(0.1, end - time.time())))
        if daemon.returncode is None:
            samples.append((time.time() - world.start, memory(daemon.pid), cpu(daemon.pid), world.requests))
            if sys.stderr.isatty():
                print(f"\r{samples[-1][0]:5.0f} s  {samples[-1][1]:5.0f} MB  {world.requests} requests", end="", file=sys.stderr)
    if daemon.returncode is not None:
        print(f"vedetta stopped with {daemon.returncode}; see {folder}/log")
        return 1
    # What appeared less than an interval and ten seconds before the end may still be on its way.
    settled = time.time() - options.interval - 10
    daemon.send_signal(signal.SIGTERM)
    code = await asyncio.wait_for(daemon.wait(), 30)
    server.close()
    return report(world, folder, samples, settled, code)


def report(world, folder, samples, settled, code):
    options = world.options
    db = sqlite3.connect(f"file:{folder}/vedetta.db?mode=ro", uri=True)
    seen = {}
    twice = 0
    for url, at in db.execute("SELECT url, fetched_at FROM articles"):
        n, number = url.split("outlet")[1].split("/")
        key = (int(n.split(".")[0]), int(number))
        twice += key in seen
        seen[key] = at / 1000
    lost, late, delays = [], [], []
    for n in range(options.feeds):
        # The first poll only makes entries known.
        if n in world.hostile or n not in world.first_poll:
            continue
        for number in range(world.first_poll[n] + 1, world.entries(n, settled) + 1):
            at = seen.get((n, number))
            if at is None:
                lost.append((n, number))
                continue
            delays.append(at - world.appears(n, number))
            if delays[-1] > options.interval + 10:
                late.append((n, number, round(delays[-1], 1)))
    unpolled = sum(1 for n in range(options.feeds) if n not in world.hostile and n not in world.first_poll)
    wanted = {key for key in seen if (key[0] * 31 + key[1]) % 200 == 0}
    told = [call["data"]["article"]["url"] for _, call in world.called if call.get("data", {}).get("topic", {}).get("id") == "needle"]
    told_keys = [(int(url.split("outlet")[1].split(".")[0]), int(url.rsplit("/", 1)[1])) for url in told]
    delays.sort()
    peak = max(sample[1] for sample in samples)
    third = len(samples) // 3
    early = max((sample[1] for sample in samples[third:2 * third]), default=peak)
    last = max((sample[1] for sample in samples[2 * third:]), default=peak)
    print(f"{options.feeds} feeds, {len(world.hostile)} hostile, every {options.interval} s for {options.minutes} min: "
          f"{world.requests} requests, {samples[-1][2]:.0f} CPU seconds, exit code {code}")
    print(f"entries due {len(delays) + len(lost)}, lost {len(lost)}, twice {twice}, late {len(late)}, feeds never polled {unpolled}")
    if delays:
        pick = lambda share: delays[min(len(delays) - 1, int(len(delays) * share))]
        print(f"delay from appearing to stored: median {pick(.5):.1f} s, 99 % {pick(.99):.1f} s, longest {delays[-1]:.1f} s")
    print(f"memory: peak {peak:.0f} MB; middle third {early:.0f} MB, last third {last:.0f} MB")
    print(f"alerts: {len(set(told_keys))} told of {len(wanted)} stored, {len(told_keys) - len(set(told_keys))} told twice")
    for what, some in [("lost", lost[:5]), ("late", late[:5])]:
        if some:
            print(f"{what}, for example: {some}")
    bad = lost or twice or late or unpolled or peak > 300 or code != 0 or len(told_keys) != len(set(told_keys))
    print(f"{'NOT as promised' if bad else 'as promised'}; database and log are in {folder}")
    return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--vedetta", default="target/release/vedetta")
    parser.add_argument("--feeds", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--interval", type=int, default=60)
    parser.add_argument("--hostile", type=float, default=0.01)
    sys.exit(asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
