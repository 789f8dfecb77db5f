package recipes;

import static recipes.Checks.WAIT;
import static recipes.Checks.fails;
import static recipes.Checks.fault;
import static recipes.Checks.isTrue;
import static recipes.Checks.same;
import static recipes.Checks.until;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZKUtil;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;

/** ZooKeeper's own client: the calls that Curator does not make. */
final class OwnClient {
  private static final String ROOT = "/own";
  private final String cable;
  private final String direct;
  private ZooKeeper a;
  private ZooKeeper b;

  OwnClient(String cable, String direct) {
    this.cable = cable;
    this.direct = direct;
  }

  private static ZooKeeper connect(String address, int timeoutMs, Watcher watcher) throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper made = new ZooKeeper(address, timeoutMs, event -> {
      if (event.getState() == Watcher.Event.KeeperState.SyncConnected) connected.countDown();
      watcher.process(event);
    });
    isTrue("connected", connected.await(WAIT.toSeconds(), TimeUnit.SECONDS));
    return made;
  }

  boolean run() throws Exception {
    a = connect(direct, 10_000, event -> {});
    b = connect(direct, 10_000, event -> {});
    if (a.exists(ROOT, false) != null) ZKUtil.deleteRecursive(a, ROOT);
    create(ROOT);
    boolean isFine = Checks.passes("every mode", () -> everyMode(ROOT + "/modes"));
    isFine &= Checks.passes("identities", () -> identities(ROOT + "/ids"));
    isFine &= Checks.passes("persistent watches", () -> persistentWatches(ROOT + "/watches"));
    isFine &= Checks.passes("multi and multiRead", () -> multi(ROOT + "/multi"));
    isFine &= Checks.passes("persistent watches survive a cut", () -> watchesSurvive(ROOT + "/cut"));
    ZKUtil.deleteRecursive(a, ROOT);
    a.close();
    b.close();
    return isFine;
  }

  private void create(String path) throws Exception {
    a.create(path, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
  }

  private void everyMode(String path) throws Exception {
    create(path);
    for (CreateMode mode : CreateMode.values()) {
      Stat stat = new Stat();
      long ttl = mode.isTTL() ? 60_000 : -1;
      String made = a.create(path + "/" + mode + "-", new byte[3], Ids.OPEN_ACL_UNSAFE, mode, stat, ttl);
      same(mode + " is sequential", made.matches(".*-\\d{10}"), mode.isSequential());
      same(mode + " is ephemeral", stat.getEphemeralOwner() == a.getSessionId(), mode.isEphemeral());
      same("stat", stat, b.exists(made, false));
    }
    same("all", b.getAllChildrenNumber(path), CreateMode.values().length);
    same("own", new TreeSet<>(a.getEphemerals(path)).size(), 2);
    same("not mine", b.getEphemerals(), List.of());
    fails(KeeperException.NoChildrenForEphemeralsException.class,
        () -> a.create(path + "/EPHEMERAL-/x", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
    fails(KeeperException.NotEmptyException.class, () -> {
      b.delete(path, -1);
      return null;
    });
    byte[] data = b.getData(path, false, null);
    same("null data", data, null);
    CountDownLatch synced = new CountDownLatch(1);
    b.sync(path, (code, at, context) -> synced.countDown(), null);
    isTrue("synced", synced.await(WAIT.toSeconds(), TimeUnit.SECONDS));
  }

  private void identities(String path) throws Exception {
    ZooKeeper owner = connect(direct, 10_000, event -> {});
    same("nobody", owner.whoAmI().size(), 1);
    owner.addAuthInfo("digest", "joe:secret".getBytes());
    owner.create(path, "x".getBytes(), Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
    same("joe", owner.whoAmI().stream().anyMatch(info -> info.getUser().equals("joe")), true);
    fails(KeeperException.NoAuthException.class, () -> a.getData(path, false, null));
    fails(KeeperException.NoAuthException.class, () -> a.getACL(path, null));
    Stat stat = owner.setACL(path, Arrays.asList(new ACL(Perms.READ, new Id("ip", "127.0.0.0/8"))), 0);
    same("version", stat.getAversion(), 1);
    same("read by address", new String(a.getData(path, false, null)), "x");
    fails(KeeperException.NoAuthException.class, () -> owner.setACL(path, Ids.OPEN_ACL_UNSAFE, -1));
    fails(KeeperException.InvalidACLException.class,
        () -> a.create(path + "-x", null, Arrays.asList(new ACL(31, new Id("nobody", "x"))), CreateMode.PERSISTENT));
    owner.close();
  }

  /** The client itself makes up an event for a watch that it removes, and delivers it when it likes. */
  private static void note(java.util.Collection<String> into, org.apache.zookeeper.WatchedEvent event) {
    if (!event.getType().name().endsWith("WatchRemoved")) into.add(event.getType() + " " + event.getPath());
  }

  private void persistentWatches(String path) throws Exception {
    create(path);
    var seen = new ConcurrentLinkedQueue<String>();
    Watcher watcher = event -> note(seen, event);
    a.addWatch(path, watcher, AddWatchMode.PERSISTENT_RECURSIVE);
    var flat = new ConcurrentLinkedQueue<String>();
    Watcher flatWatcher = event -> note(flat, event);
    // Up to 3.8 a connection has one watch of a path: the next one takes its place.
    b.addWatch(path, flatWatcher, AddWatchMode.PERSISTENT);
    for (int round = 0; round < 2; round++) {
      b.create(path + "/x", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      b.setData(path + "/x", new byte[1], -1);
      b.setData(path, new byte[1], -1);
      b.delete(path + "/x", -1);
    }
    b.create(path + "/end", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    until("the end", () -> seen.contains("NodeCreated " + path + "/end"));
    List<String> round = List.of("NodeCreated " + path + "/x", "NodeDataChanged " + path + "/x", "NodeDataChanged " + path,
        "NodeDeleted " + path + "/x");
    var all = new ArrayList<>(round);
    all.addAll(round);
    all.add("NodeCreated " + path + "/end");
    same("recursive", List.copyOf(seen), all);
    List<String> flatRound = List.of("NodeChildrenChanged " + path, "NodeDataChanged " + path, "NodeChildrenChanged " + path);
    var flatAll = new ArrayList<>(flatRound);
    flatAll.addAll(flatRound);
    flatAll.add("NodeChildrenChanged " + path);
    until("all flat events", () -> flat.size() >= flatAll.size());
    same("persistent", List.copyOf(flat), flatAll);
    a.removeWatches(path, watcher, Watcher.WatcherType.Any, false);
    fails(KeeperException.NoWatcherException.class, () -> {
      a.removeWatches(path, watcher, Watcher.WatcherType.Any, false);
      return null;
    });
    b.removeAllWatches(path, Watcher.WatcherType.Any, false);
    int heard = seen.size() + flat.size();
    b.setData(path, new byte[2], -1);
    a.exists(path, false);
    same("silence", seen.size() + flat.size(), heard);
  }

  private void multi(String path) throws Exception {
    List<OpResult> results = a.multi(List.of(
        Op.create(path, "x".getBytes(), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
        Op.create(path + "/c", null, Ids.OPEN_ACL_UNSAFE, CreateMode.CONTAINER),
        Op.create(path + "/t", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, 60_000),
        Op.setData(path, "y".getBytes(), 0),
        Op.check(path, 1),
        Op.delete(path + "/c", 0)));
    same("version", ((OpResult.SetDataResult) results.get(3)).getStat().getVersion(), 1);
    try {
      b.multi(List.of(Op.check(path, 1), Op.delete(path, -1), Op.setData(path, null, -1)));
      throw new AssertionError("a znode with children was deleted");
    } catch (KeeperException.NotEmptyException cause) {
      same("codes", cause.getResults().stream().map(one -> ((OpResult.ErrorResult) one).getErr()).toArray(),
          new Integer[] {0, -111, -2});
    }
    List<OpResult> read = b.multi(List.of(Op.getData(path), Op.getChildren(path), Op.getData(path + "/none")));
    same("data", new String(((OpResult.GetDataResult) read.get(0)).getData()), "y");
    same("children", ((OpResult.GetChildrenResult) read.get(1)).getChildren(), List.of("t"));
    same("error", ((OpResult.ErrorResult) read.get(2)).getErr(), KeeperException.Code.NONODE.intValue());
  }

  private void watchesSurvive(String path) throws Exception {
    create(path);
    var states = new ConcurrentLinkedQueue<Watcher.Event.KeeperState>();
    ZooKeeper mine = connect(cable, 10_000, event -> states.add(event.getState()));
    var seen = new ConcurrentLinkedQueue<String>();
    mine.addWatch(path, event -> {
      if (event.getPath() != null) seen.add(event.getType() + " " + event.getPath());
    }, AddWatchMode.PERSISTENT_RECURSIVE);
    states.clear();
    fault("isolate");
    until("the cut", () -> states.contains(Watcher.Event.KeeperState.Disconnected));
    fault("heal");
    until("the connection", () -> states.contains(Watcher.Event.KeeperState.SyncConnected));
    mine.exists(path, false);
    b.create(path + "/x", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    until("an event", () -> seen.contains("NodeCreated " + path + "/x"));
    mine.close();
  }
}
