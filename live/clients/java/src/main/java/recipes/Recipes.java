package recipes;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static recipes.Checks.WAIT;
import static recipes.Checks.fault;
import static recipes.Checks.isTrue;
import static recipes.Checks.same;
import static recipes.Checks.until;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.PathChildrenCache;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;

/**
 * Curator's recipes and ZooKeeper's own client, against one server. Called with two addresses of it: one that a cable leads to, which the
 * caller pulls when told to, and one that always works. Each check says `ok NAME` or `not ok NAME: REASON`.
 */
public final class Recipes {
  private static final String ROOT = "/curator";
  private final String cable;
  private final CuratorFramework a;
  private final CuratorFramework b;

  private Recipes(String cable, String direct) throws Exception {
    this.cable = cable;
    a = connect(direct, 10_000);
    b = connect(direct, 10_000);
  }

  public static void main(String[] args) throws Exception {
    boolean isFine = new Recipes(args[0], args[1]).run();
    isFine &= new OwnClient(args[0], args[1]).run();
    System.exit(isFine ? 0 : 1);
  }

  private static CuratorFramework connect(String address, int sessionTimeoutMs) throws Exception {
    CuratorFramework made =
        CuratorFrameworkFactory.builder()
            .connectString(address)
            .sessionTimeoutMs(sessionTimeoutMs)
            .connectionTimeoutMs(5_000)
            .retryPolicy(new RetryNTimes(200, 50))
            .build();
    made.start();
    isTrue("connected", made.blockUntilConnected((int) WAIT.toSeconds(), SECONDS));
    return made;
  }

  private boolean run() throws Exception {
    if (a.checkExists().forPath(ROOT) != null) a.delete().deletingChildrenIfNeeded().forPath(ROOT);
    a.create().forPath(ROOT);
    boolean isFine = Checks.passes("transactions", () -> transactions(ROOT + "/multi"));
    isFine &= Checks.passes("mutex", () -> mutex(ROOT + "/mutex"));
    isFine &= Checks.passes("read-write lock and semaphore", () -> shared(ROOT + "/shared"));
    isFine &= Checks.passes("leader latch", () -> leader(ROOT + "/leader"));
    isFine &= Checks.passes("queue and double barrier", () -> queueAndBarrier(ROOT + "/queue"));
    isFine &= Checks.passes("counters", () -> counters(ROOT + "/counters"));
    isFine &= Checks.passes("caches", () -> caches(ROOT + "/caches"));
    isFine &= Checks.passes("persistent nodes", () -> persistentNodes(ROOT + "/persistent"));
    isFine &= Checks.passes("reconnect", () -> reconnect(ROOT + "/reconnect"));
    isFine &= Checks.passes("session loss", () -> sessionLoss(ROOT + "/loss"));
    a.delete().deletingChildrenIfNeeded().forPath(ROOT);
    a.close();
    b.close();
    return isFine;
  }

  private void transactions(String path) throws Exception {
    var results =
        a.transaction()
            .forOperations(
                a.transactionOp().create().forPath(path, "x".getBytes()),
                a.transactionOp().create().withMode(CreateMode.PERSISTENT_SEQUENTIAL).forPath(path + "/n-"),
                a.transactionOp().setData().withVersion(0).forPath(path, "y".getBytes()),
                a.transactionOp().check().withVersion(1).forPath(path));
    same("created", results.get(1).getResultPath(), path + "/n-0000000000");
    same("version", results.get(2).getResultStat().getVersion(), 1);
    Checks.fails(
        KeeperException.BadVersionException.class,
        () ->
            b.transaction()
                .forOperations(
                    b.transactionOp().create().forPath(path + "/no"),
                    b.transactionOp().delete().withVersion(7).forPath(path)));
    same("untouched", b.getChildren().forPath(path), List.of("n-0000000000"));
  }

  private void mutex(String path) throws Exception {
    AtomicInteger holders = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    together(
        3,
        index -> {
          InterProcessMutex mutex = new InterProcessMutex(index == 1 ? b : a, path);
          for (int round = 0; round < 5; round++) {
            isTrue("acquired", mutex.acquire(WAIT.toMillis(), MILLISECONDS));
            most.accumulateAndGet(holders.incrementAndGet(), Math::max);
            holders.decrementAndGet();
            mutex.release();
          }
        });
    same("holders at once", most.get(), 1);
  }

  private void shared(String path) throws Exception {
    InterProcessReadWriteLock first = new InterProcessReadWriteLock(a, path + "/lock");
    InterProcessReadWriteLock second = new InterProcessReadWriteLock(b, path + "/lock");
    first.readLock().acquire();
    second.readLock().acquire();
    isTrue("no writer beside readers", !second.writeLock().acquire(50, MILLISECONDS));
    first.readLock().release();
    second.readLock().release();
    isTrue("a writer", second.writeLock().acquire(WAIT.toMillis(), MILLISECONDS));
    second.writeLock().release();
    var semaphore = new InterProcessSemaphoreV2(a, path + "/semaphore", 2);
    var leases = semaphore.acquire(2, WAIT.toMillis(), MILLISECONDS);
    isTrue("no third lease", semaphore.acquire(50, MILLISECONDS) == null);
    semaphore.returnAll(leases);
  }

  private void leader(String path) throws Exception {
    LeaderLatch first = new LeaderLatch(a, path, "first");
    LeaderLatch second = new LeaderLatch(b, path, "second");
    first.start();
    until("the first leader", first::hasLeadership);
    second.start();
    until("both", () -> second.getParticipants().size() == 2);
    same("leader", second.getLeader().getId(), "first");
    first.close();
    until("the second leader", second::hasLeadership);
    second.close();
  }

  private void queueAndBarrier(String path) throws Exception {
    var queue = new SimpleDistributedQueue(a, path + "/queue");
    for (int index = 0; index < 5; index++) queue.offer(new byte[] {(byte) index});
    var other = new SimpleDistributedQueue(b, path + "/queue");
    for (int index = 0; index < 5; index++) same("in order", (int) other.take()[0], index);
    same("empty", queue.poll(), null);
    // Who leaves may be out before the other has left, on any server: a late event of entering wakes it up. So nobody leaves before both have looked.
    var bothIn = new java.util.concurrent.CountDownLatch(2);
    together(
        2,
        index -> {
          var barrier = new DistributedDoubleBarrier(index == 1 ? b : a, path + "/barrier", 2);
          isTrue("in", barrier.enter(WAIT.toSeconds(), SECONDS));
          same("both, and the sign that they are", a.getChildren().forPath(path + "/barrier").size(), 3);
          bothIn.countDown();
          isTrue("both are in", bothIn.await(WAIT.toSeconds(), SECONDS));
          isTrue("out", barrier.leave(WAIT.toSeconds(), SECONDS));
        });
  }

  private void counters(String path) throws Exception {
    together(
        2,
        index -> {
          var counter = new DistributedAtomicLong(index == 1 ? b : a, path + "/atomic", new RetryNTimes(100, 5));
          for (int round = 0; round < 10; round++) isTrue("added", counter.increment().succeeded());
        });
    var counter = new DistributedAtomicLong(a, path + "/atomic", new RetryNTimes(1, 1));
    same("sum", counter.get().postValue(), 20L);
    SharedCount mine = new SharedCount(a, path + "/shared", 1);
    SharedCount yours = new SharedCount(b, path + "/shared", 2);
    mine.start();
    yours.start();
    same("seed of the first", yours.getCount(), 1);
    isTrue("set", mine.trySetCount(mine.getVersionedValue(), 7));
    until("the other to see it", () -> yours.getCount() == 7);
    mine.close();
    yours.close();
  }

  private void caches(String path) throws Exception {
    a.create().forPath(path);
    var events = new ConcurrentLinkedQueue<String>();
    CuratorCache cache = CuratorCache.build(a, path);
    cache.listenable().addListener((type, before, now) -> events.add(type + " " + (now == null ? before : now).getPath()));
    cache.start();
    PathChildrenCache children = new PathChildrenCache(b, path, true);
    children.start(PathChildrenCache.StartMode.BUILD_INITIAL_CACHE);
    until("the root", () -> cache.get(path).isPresent());
    b.create().creatingParentsIfNeeded().forPath(path + "/x/y", "deep".getBytes());
    until("a grandchild", () -> cache.get(path + "/x/y").isPresent());
    b.setData().forPath(path + "/x/y", "deeper".getBytes());
    until("a change", () -> new String(cache.get(path + "/x/y").get().getData()).equals("deeper"));
    b.delete().deletingChildrenIfNeeded().forPath(path + "/x");
    b.create().forPath(path + "/z");
    until("the last event", () -> events.contains("NODE_CREATED " + path + "/z"));
    until("the children", () -> children.getCurrentData().stream().anyMatch(node -> node.getPath().equals(path + "/z")));
    same("children", children.getCurrentData().size(), 1);
    same("whole tree", cache.stream().map(node -> node.getPath()).collect(Collectors.toCollection(TreeSet::new)).toString(),
        "[" + path + ", " + path + "/z]");
    isTrue("deleted " + events, events.contains("NODE_DELETED " + path + "/x/y") && events.contains("NODE_DELETED " + path + "/x"));
    cache.close();
    children.close();
  }

  private void persistentNodes(String path) throws Exception {
    PersistentNode node = new PersistentNode(a, CreateMode.EPHEMERAL, false, path + "/mine", "x".getBytes());
    node.start();
    isTrue("created", node.waitForInitialCreate(WAIT.toSeconds(), SECONDS));
    long first = b.checkExists().forPath(path + "/mine").getCzxid();
    b.delete().forPath(path + "/mine");
    until("it to be made again", () -> {
      var stat = b.checkExists().forPath(path + "/mine");
      return stat != null && stat.getCzxid() > first;
    });
    node.close();
    until("its end", () -> b.checkExists().forPath(path + "/mine") == null);
    PersistentTtlNode container = new PersistentTtlNode(a, path + "/ttl", 5_000, new byte[0]);
    container.start();
    isTrue("created", container.waitForInitialCreate(WAIT.toSeconds(), SECONDS));
    container.close();
  }

  private void reconnect(String path) throws Exception {
    CuratorFramework mine = connect(cable, 10_000);
    var states = new ConcurrentLinkedQueue<ConnectionState>();
    mine.getConnectionStateListenable().addListener((client, state) -> states.add(state));
    long session = mine.getZookeeperClient().getZooKeeper().getSessionId();
    mine.create().withMode(CreateMode.EPHEMERAL).forPath(path);
    CountDownLatch seen = new CountDownLatch(1);
    b.create().forPath(path + "-seen");
    mine.getData().usingWatcher((Watcher) event -> {
      if (event.getPath() != null) seen.countDown();
    }).forPath(path + "-seen");
    fault("isolate");
    until("the cut", () -> states.contains(ConnectionState.SUSPENDED));
    b.setData().forPath(path + "-seen", "while away".getBytes());
    fault("heal");
    until("the connection", () -> states.contains(ConnectionState.RECONNECTED));
    isTrue("the watch", seen.await(WAIT.toSeconds(), SECONDS));
    same("session", mine.getZookeeperClient().getZooKeeper().getSessionId(), session);
    same("owner", b.checkExists().forPath(path).getEphemeralOwner(), session);
    isTrue("not lost", !states.contains(ConnectionState.LOST));
    mine.close();
  }

  private void sessionLoss(String path) throws Exception {
    CuratorFramework mine = connect(cable, 1_500);
    var states = new ConcurrentLinkedQueue<ConnectionState>();
    mine.getConnectionStateListenable().addListener((client, state) -> states.add(state));
    long session = mine.getZookeeperClient().getZooKeeper().getSessionId();
    PersistentNode node = new PersistentNode(mine, CreateMode.EPHEMERAL, false, path, new byte[0]);
    node.start();
    isTrue("created", node.waitForInitialCreate(WAIT.toSeconds(), SECONDS));
    CountDownLatch gone = new CountDownLatch(1);
    b.checkExists().usingWatcher((Watcher) event -> gone.countDown()).forPath(path);
    fault("isolate");
    isTrue("the ephemeral's end", gone.await(WAIT.toSeconds(), SECONDS));
    fault("heal");
    until("a new connection", () -> states.contains(ConnectionState.LOST) && states.contains(ConnectionState.RECONNECTED));
    until("it to be made again", () -> {
      var stat = b.checkExists().forPath(path);
      return stat != null && stat.getEphemeralOwner() != session;
    });
    node.close();
    mine.close();
  }

  /** Work for several threads; the first failure is everybody's. */
  private static void together(int count, Work work) throws Exception {
    var failures = new ConcurrentLinkedQueue<Throwable>();
    List<Thread> threads = new ArrayList<>();
    for (int index = 0; index < count; index++) {
      int own = index;
      Thread thread = new Thread(() -> {
        try {
          work.run(own);
        } catch (Throwable cause) {
          failures.add(cause);
        }
      });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) thread.join(WAIT.toMillis());
    if (!failures.isEmpty()) throw new AssertionError(failures.peek());
    isTrue("all came to an end", threads.stream().noneMatch(Thread::isAlive));
  }

  private interface Work {
    void run(int index) throws Exception;
  }
}
