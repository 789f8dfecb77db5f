package recipes;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;

/** What a check is made of: it ends with an exception or it passed. */
final class Checks {
  /** Nothing that a server does takes longer. */
  static final Duration WAIT = Duration.ofSeconds(20);

  private Checks() {}

  /** A check, by the name under which it is told. */
  interface Check {
    void run() throws Exception;
  }

  /** Runs a check and says how it went; a failed one gets its cable back. */
  static boolean passes(String name, Check check) {
    try {
      check.run();
      System.out.println("ok " + name);
      return true;
    } catch (Exception | AssertionError cause) {
      cause.printStackTrace();
      System.out.println("not ok " + name + ": " + cause);
      fault("heal");
      return false;
    }
  }

  /** Has the cable pulled (`isolate`) or put back (`heal`). */
  static void fault(String what) {
    System.out.println("fault " + what);
  }

  static void same(String what, Object got, Object wanted) {
    if (!Objects.deepEquals(got, wanted)) throw new AssertionError(what + ": " + got + ", not " + wanted);
  }

  static void isTrue(String what, boolean condition) {
    if (!condition) throw new AssertionError(what);
  }

  /** The call must throw exactly this. */
  static void fails(Class<? extends Exception> wanted, Callable<?> call) throws Exception {
    Object answer;
    try {
      answer = call.call();
    } catch (Exception cause) {
      if (wanted.isInstance(cause)) return;
      throw cause;
    }
    throw new AssertionError(wanted.getSimpleName() + " expected, not " + answer);
  }

  /** Waits for a condition. */
  static void until(String what, Callable<Boolean> condition) throws Exception {
    for (long end = System.nanoTime() + WAIT.toNanos(); !condition.call(); Thread.sleep(10))
      if (System.nanoTime() > end) throw new AssertionError("waited in vain for " + what);
  }
}
