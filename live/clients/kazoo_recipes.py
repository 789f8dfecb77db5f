"""Every recipe of kazoo, against one server.

Called with two addresses of it: one that a cable leads to, which the caller pulls when told to (a line `fault cut`, `fault isolate` or
`fault heal` on stdout), and one that always works. Each check says `ok NAME` or `not ok NAME: REASON`.
"""

import logging
import sys
import threading
import time
import traceback
from datetime import timedelta

from kazoo.client import KazooClient, KazooState
from kazoo.exceptions import BadVersionError, LockTimeout, NoAuthError, NodeExistsError, NoNodeError, NotEmptyError
from kazoo.recipe.cache import TreeCache, TreeEvent
from kazoo.recipe.partitioner import PartitionState
from kazoo.security import make_acl, make_digest_acl

cable, direct = sys.argv[1], sys.argv[2]
root = "/kazoo"
wait_s = 60
clients = []
logging.disable()  # lost connections are what it is about


def client(hosts=direct, timeout=10.0, **options):
    """A connected client, stopped at the end."""
    made = KazooClient(hosts=hosts, timeout=timeout, **options)
    made.start(wait_s)
    clients.append(made)
    return made


def say(line):
    print(line, flush=True)


def until(condition, what):
    """Waits for a condition; fails when it does not come true in time."""
    end = time.monotonic() + wait_s
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.01)


def raises(error, call, *args, **kwargs):
    """Fails unless the call raises exactly this error."""
    try:
        answer = call(*args, **kwargs)
    except error:
        return
    raise AssertionError(f"{error.__name__} expected, not {answer!r}")


def run(target, *args):
    """A thread; joining it is bounded."""
    thread = threading.Thread(target=target, args=args, daemon=True)
    thread.start()
    return thread


def joined(*threads):
    for thread in threads:
        thread.join(wait_s)
        assert not thread.is_alive(), "a thread did not end"


def data_and_errors(a, b, path):
    assert a.create(path, b"one") == path
    assert a.create(f"{path}/n-", sequence=True) == f"{path}/n-0000000000"
    assert a.create(f"{path}/n-", ephemeral=True, sequence=True, include_data=True)[1].ephemeralOwner == a.client_id[0]
    data, stat = b.get(path)
    assert (data, stat.version, stat.numChildren, stat.czxid) == (b"one", 0, 2, stat.mzxid)
    assert b.set(path, b"two", version=0).version == 1
    raises(BadVersionError, b.set, path, b"three", version=0)
    raises(NodeExistsError, b.create, path)
    raises(NoNodeError, b.get, f"{path}/none")
    raises(NotEmptyError, b.delete, path)
    assert b.exists(f"{path}/none") is None
    assert sorted(b.get_children(path)) == ["n-0000000000", "n-0000000001"]
    a.ensure_path(f"{path}/deep/er/still")
    b.sync(path)
    assert b.exists(f"{path}/deep/er/still")
    b.delete(f"{path}/deep", recursive=True)
    large = bytes(range(256)) * 3_000
    a.create(f"{path}/large", large)
    assert b.get(f"{path}/large")[0] == large


def transactions(a, b, path):
    a.create(path)
    change = a.transaction()
    change.create(f"{path}/one", b"1")
    change.create(f"{path}/n-", sequence=True, ephemeral=True)
    change.set_data(f"{path}/one", b"2", version=0)
    change.check(f"{path}/one", version=1)
    assert change.commit()[:2] == [f"{path}/one", f"{path}/n-0000000001"]
    change = b.transaction()
    change.create(f"{path}/two")
    change.check(f"{path}/one", version=9)
    change.delete(path)
    kinds = [type(result).__name__ for result in change.commit()]
    assert kinds == ["RolledBackError", "BadVersionError", "RuntimeInconsistency"], kinds
    assert b.exists(f"{path}/two") is None


def permissions(a, b, path):
    owner = client(auth_data=[("digest", "joe:secret")])
    owner.create(path, b"x", acl=[make_digest_acl("joe", "secret", all=True), make_acl("world", "anyone", read=True)])
    assert b.get(path)[0] == b"x"
    raises(NoAuthError, b.set, path, b"y")
    raises(NoAuthError, b.set_acls, path, [make_acl("world", "anyone", all=True)])
    raises(NoAuthError, b.create, f"{path}/child")
    owner.create(f"{path}/child")
    raises(NoAuthError, b.delete, f"{path}/child")
    b.add_auth("digest", "joe:secret")
    b.delete(f"{path}/child")
    acls, stat = owner.get_acls(path)
    assert [entry.id.scheme for entry in acls] == ["digest", "world"] and stat.aversion == 0
    owner.set_acls(path, [make_acl("world", "anyone", all=True)], version=0)
    assert a.set(path, b"y").aversion == 1


def lock(a, b, path):
    holders, seen = [], []

    def work(who, name):
        for _ in range(5):
            with who.Lock(path, name):
                holders.append(name)
                seen.append(len(holders))
                holders.pop()

    joined(*[run(work, who, name) for who, name in ((a, "a"), (b, "b"), (a, "c"))])
    assert seen == [1] * 15, seen
    dying = client()
    assert dying.Lock(path, "dying").acquire(timeout=wait_s)
    waiting = b.Lock(path, "waiting")
    raises(LockTimeout, waiting.acquire, timeout=0.2)
    taken = threading.Event()
    thread = run(lambda: waiting.acquire(timeout=wait_s) and taken.set())
    until(lambda: len(a.Lock(path).contenders()) == 2, "both contenders")
    assert a.Lock(path).contenders() == ["dying", "waiting"]
    dying.stop()
    joined(thread)
    assert taken.is_set()
    waiting.release()


def read_write_lock_and_semaphore(a, b, path):
    readers = [a.ReadLock(f"{path}/rw"), b.ReadLock(f"{path}/rw")]
    assert all(reader.acquire(timeout=wait_s) for reader in readers)
    writer = a.WriteLock(f"{path}/rw")
    assert not writer.acquire(blocking=False)
    for reader in readers:
        reader.release()
    assert writer.acquire(timeout=wait_s)
    assert not b.ReadLock(f"{path}/rw").acquire(blocking=False)
    writer.release()
    tokens = [who.Semaphore(f"{path}/sem", max_leases=2) for who in (a, b, a)]
    assert [token.acquire(blocking=False) for token in tokens] == [True, True, False]
    tokens[0].release()
    assert tokens[2].acquire(timeout=wait_s)
    tokens[1].release()
    tokens[2].release()


def lease(a, b, path):
    assert a.NonBlockingLease(path, timedelta(seconds=30), identifier="a")
    assert not b.NonBlockingLease(path, timedelta(seconds=30), identifier="b")


def election(a, b, path):
    led = []
    elections = [who.Election(path, name) for who, name in ((a, "a"), (b, "b"))]
    threads = [run(one.run, led.append, index) for index, one in enumerate(elections)]
    joined(*threads)
    assert sorted(led) == [0, 1], led


def queue(a, b, path):
    plain = a.Queue(f"{path}/plain")
    for number in range(10):
        plain.put(str(number).encode(), priority=90 if number < 5 else 100)
    taken = []

    def take(who):
        mine = who.Queue(f"{path}/plain")
        while (entry := mine.get()) is not None:
            taken.append(entry)

    joined(run(take, a), run(take, b))
    assert sorted(taken) == [str(number).encode() for number in range(10)], taken
    locking = a.LockingQueue(f"{path}/locking")
    locking.put_all([b"x", b"y"])
    other = b.LockingQueue(f"{path}/locking")
    assert (locking.get(timeout=wait_s), other.get(timeout=wait_s)) == (b"x", b"y")
    assert locking.holds_lock() and locking.consume() and other.consume()
    assert len(a.LockingQueue(f"{path}/locking")) == 0


def barriers(a, b, path):
    a.Barrier(f"{path}/single").create()
    passed = []
    thread = run(lambda: passed.append(b.Barrier(f"{path}/single").wait(wait_s)))
    time.sleep(0.1)
    assert passed == []
    a.Barrier(f"{path}/single").remove()
    joined(thread)
    assert passed == [True]
    steps = []
    all_in = threading.Barrier(3)

    def party(who, name):
        barrier = who.DoubleBarrier(f"{path}/double", 3, name)
        barrier.enter()
        steps.append("in")
        # One that leaves while another still enters can make that one wait forever, on any server: the recipe asks for
        # `ready` and for its siblings one after the other, and both may come and go between.
        all_in.wait(wait_s)
        barrier.leave()
        steps.append("out")

    joined(*[run(party, who, name) for who, name in ((a, "1"), (b, "2"), (a, "3"))])
    assert sorted(steps) == ["in"] * 3 + ["out"] * 3, steps
    assert a.get_children(f"{path}/double") == []


def counter(a, b, path):
    def add(who):
        mine = who.Counter(path, default=0)
        for _ in range(10):
            mine += 2

    joined(run(add, a), run(add, b))
    assert a.Counter(path).value == 40


def partitioner(a, b, path):
    parts = [who.SetPartitioner(path, set=range(7), identifier=name, time_boundary=0.2) for who, name in ((a, "a"), (b, "b"))]
    end = time.monotonic() + wait_s
    while not (all(part.acquired for part in parts) and sum(len(list(part)) for part in parts) == 7):
        assert time.monotonic() < end, [part.state for part in parts]
        for part in parts:
            if part.release:
                part.release_set()
            elif part.allocating:
                part.wait_for_acquire(0.1)
            assert part.state != PartitionState.FAILURE
    assert sorted(item for part in parts for item in part) == list(range(7))
    for part in parts:
        part.finish()


def party(a, b, path):
    parties = [who.Party(path, name) for who, name in ((a, "a"), (b, "b"))]
    for one in parties:
        one.join()
    assert sorted(parties[0]) == ["a", "b"] and len(parties[1]) == 2
    parties[1].leave()
    assert list(parties[0]) == ["a"]


def watchers(a, b, path):
    lists, values = [], []
    a.ensure_path(path)
    a.ChildrenWatch(path, lambda children: lists.append(sorted(children)))
    a.DataWatch(f"{path}/data", lambda data, stat, event: values.append((data, event and event.type)))
    assert (lists, values) == ([[]], [(None, None)])
    b.create(f"{path}/data", b"1")
    until(lambda: len(lists) == 2 and len(values) == 2, "creation")
    b.set(f"{path}/data", b"2")
    until(lambda: len(values) == 3, "change")
    b.delete(f"{path}/data")
    until(lambda: len(lists) == 3 and len(values) == 4, "deletion")
    assert lists == [[], ["data"], []], lists
    assert values == [(None, None), (b"1", "CREATED"), (b"2", "CHANGED"), (None, "DELETED")], values


def tree_cache(a, b, path):
    names = {getattr(TreeEvent, name): name for name in dir(TreeEvent) if name.isupper()}
    events = []
    b.create(path, b"root")
    cache = TreeCache(a, path)
    cache.listen(lambda event: events.append((names[event.event_type], event.event_data and event.event_data.path)))
    cache.start()
    until(lambda: ("INITIALIZED", None) in events, "the cache to be filled")
    b.create(f"{path}/x/y", b"deep", makepath=True)
    until(lambda: cache.get_data(f"{path}/x/y", None) is not None, "a grandchild")
    assert cache.get_data(f"{path}/x/y").data == b"deep"
    b.set(f"{path}/x", b"new")
    until(lambda: cache.get_data(f"{path}/x").data == b"new", "a change")
    b.delete(f"{path}/x", recursive=True)
    until(lambda: cache.get_children(path) == frozenset(), "a deletion")
    cache.close()
    assert ("NODE_REMOVED", f"{path}/x/y") in events and ("NODE_UPDATED", f"{path}/x") in events


def reconnect(a, b, path):
    states = []
    mine = client(cable)
    mine.add_listener(states.append)
    session = mine.client_id
    mine.create(path, ephemeral=True)
    b.create(f"{path}-seen")
    seen = threading.Event()
    mine.get(f"{path}-seen", watch=lambda event: seen.set())
    held = mine.Lock(f"{path}-lock")
    assert held.acquire(timeout=wait_s)
    say("fault isolate")
    until(lambda: KazooState.SUSPENDED in states, "the cut")
    b.set(f"{path}-seen", b"while away")
    say("fault heal")
    until(lambda: mine.connected and states[-1] == KazooState.CONNECTED, "the connection")
    assert seen.wait(wait_s), "the watch did not survive"
    assert mine.client_id == session and KazooState.LOST not in states
    assert b.get(path)[1].ephemeralOwner == session[0]
    assert not b.Lock(f"{path}-lock").acquire(blocking=False)
    held.release()


def session_loss(a, b, path):
    states = []
    mine = client(cable, timeout=1.5)
    mine.add_listener(states.append)
    session = mine.client_id
    mine.create(path, ephemeral=True)
    gone = threading.Event()
    b.exists(path, watch=lambda event: event.type == "DELETED" and gone.set())
    held = mine.Lock(f"{path}-lock", "lost")
    assert held.acquire(timeout=wait_s)
    say("fault isolate")
    assert gone.wait(wait_s), "the ephemeral outlived its session"
    taken = b.Lock(f"{path}-lock", "next")
    assert taken.acquire(timeout=wait_s)
    say("fault heal")
    until(lambda: KazooState.LOST in states and states[-1] == KazooState.CONNECTED, "a new session")
    assert mine.client_id[0] != session[0]
    mine.create(path, ephemeral=True)
    taken.release()


checks = [
    *(data_and_errors, transactions, permissions, lock, read_write_lock_and_semaphore, lease, election, queue, barriers),
    *(counter, partitioner, party, watchers, tree_cache, reconnect, session_loss),
]

first, second = client(), client()
if first.exists(root):
    first.delete(root, recursive=True)
first.create(root)
failures = 0
for check in checks:
    name = check.__name__.replace("_", " ")
    try:
        check(first, second, f"{root}/{check.__name__}")
        say(f"ok {name}")
    except Exception as error:
        failures += 1
        traceback.print_exc()
        say(f"not ok {name}: {type(error).__name__} {error}")
        say("fault heal")
first.delete(root, recursive=True)
for each in clients:
    each.stop()
    each.close()
sys.exit(1 if failures else 0)
