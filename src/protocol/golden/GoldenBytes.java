import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.apache.jute.BinaryInputArchive;
import org.apache.jute.BinaryOutputArchive;
import org.apache.jute.InputArchive;
import org.apache.jute.Record;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.MultiOperationRecord;
import org.apache.zookeeper.MultiResponse;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.Version;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.data.*;
import org.apache.zookeeper.proto.*;

/**
 * Prints golden.json: values and bytes of every record of the client protocol, as ZooKeeper's own classes write and read them.
 * Values and bytes come from the same record through two archives, BinaryOutputArchive and {@link TreeArchive}, so no row is made by hand.
 */
public final class GoldenBytes {
  private static final List<Class<? extends Record>> RECORDS = Arrays.asList(
      Id.class, ACL.class, ClientInfo.class, Stat.class, RequestHeader.class, ReplyHeader.class, MultiHeader.class,
      ConnectRequest.class, ConnectResponse.class, CreateRequest.class, CreateTTLRequest.class, CreateResponse.class,
      Create2Response.class, DeleteRequest.class, ExistsRequest.class, ExistsResponse.class, GetDataRequest.class,
      GetDataResponse.class, SetDataRequest.class, SetDataResponse.class, GetACLRequest.class, GetACLResponse.class,
      SetACLRequest.class, SetACLResponse.class, GetChildrenRequest.class, GetChildrenResponse.class,
      GetChildren2Request.class, GetChildren2Response.class, GetAllChildrenNumberRequest.class,
      GetAllChildrenNumberResponse.class, GetEphemeralsRequest.class, GetEphemeralsResponse.class, SyncRequest.class,
      SyncResponse.class, CheckVersionRequest.class, ReconfigRequest.class, CheckWatchesRequest.class,
      RemoveWatchesRequest.class, AddWatchRequest.class, SetWatches.class, SetWatches2.class, AuthPacket.class,
      GetSASLRequest.class, SetSASLResponse.class, WhoAmIResponse.class, ErrorResponse.class, WatcherEvent.class);

  /** One column per instance of a record; a field takes the value at its type's row, moved on by its position where that helps. */
  private static final String[] VARIANTS = {"typical", "null", "empty", "largest", "smallest", "wide", "unicode", "supplementary", "lone"};
  private static final int[] INTS = {3, 0, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, 0x01020304, -101, 0xFF, 0x80};
  private static final long[] LONGS = {
      0x1_0000_0005L, 0, -1, Long.MAX_VALUE, Long.MIN_VALUE, 0x0102030405060708L, (1L << 53) - 1, 1L << 53, -(1L << 53) + 1};
  private static final String[] STRINGS = {
      "/app/n-0000000001", null, "", "/" + repeat("long", 40), "/", "\u0000\u001f\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff",
      "/za\u017c\u00f3\u0142\u0107/\u65e5\u672c\u8a9e", "/\ud83d\ude00/\udbff\udfff", "x\ud800y\udc00"};
  private static final byte[][] BUFFERS = {
      {1, 2, 3}, null, {}, everyByte(), {0}, {-1, -2}, "\u017c".getBytes(StandardCharsets.UTF_8), {-128}, new byte[16]};

  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, false, "US-ASCII");
    out.println("{");
    out.println("\"zooKeeper\": " + Json.of(Version.getVersion()) + ",");
    out.println("\"java\": " + Json.of(System.getProperty("java.specification.version")) + ",");
    List<String> rows = new ArrayList<>();
    for (Class<? extends Record> type : RECORDS) {
      for (int variant = 0; variant < VARIANTS.length; variant++) {
        rows.add(row(type.getSimpleName(), VARIANTS[variant], instance(type, variant)));
      }
    }
    addHandshakes(rows);
    addMultis(rows);
    rows.add(row("Empty", "typical", new Layout()));
    // ZooKeeper 3.8 reads this body as bare bytes; the record is that of 3.9.
    rows.add(row("DeleteContainerRequest", "typical", new Layout().string("path", "/c")));
    printList(out, "rows", rows);
    printList(out, "readings", readings());
    printList(out, "texts", MalformedText.picked());
    out.println("\"everyText\": " + MalformedText.every());
    out.println("}");
    out.flush();
  }

  /** Calls the constructor that takes every field. */
  private static Record instance(Class<?> type, int variant) throws ReflectiveOperationException {
    Constructor<?> full = null;
    for (Constructor<?> each : type.getConstructors()) {
      if (full == null || each.getParameterCount() > full.getParameterCount()) full = each;
    }
    Type[] fields = full.getGenericParameterTypes();
    Object[] values = new Object[fields.length];
    for (int i = 0; i < fields.length; i++) values[i] = value(fields[i], variant, i);
    return (Record) full.newInstance(values);
  }

  private static Object value(Type type, int variant, int position) throws ReflectiveOperationException {
    int moved = (variant + position) % VARIANTS.length;
    if (type == int.class) return INTS[moved];
    if (type == long.class) return LONGS[moved];
    if (type == boolean.class) return moved % 2 == 0;
    if (type == String.class) return STRINGS[variant];
    if (type == byte[].class) return BUFFERS[variant];
    if (type instanceof ParameterizedType) {
      if (variant == 1) return null;
      List<Object> list = new ArrayList<>();
      if (variant == 2) return list;
      Type element = ((ParameterizedType) type).getActualTypeArguments()[0];
      for (int i = 0; i < 1 + variant % 3; i++) list.add(value(element, (variant + i) % VARIANTS.length, i));
      return list;
    }
    return instance((Class<?>) type, variant);
  }

  /** The byte that clients and servers write behind the record since 3.4. */
  private static void addHandshakes(List<String> rows) throws Exception {
    for (boolean readOnly : new boolean[] {false, true}) {
      for (int variant : new int[] {0, 1, 2, 4}) {
        for (Class<?> type : Arrays.asList(ConnectRequest.class, ConnectResponse.class)) {
          Record base = instance(type, variant);
          String name = VARIANTS[variant] + (readOnly ? ", read-only" : ", read-write");
          rows.add(row(type.getSimpleName() + "+readOnly", name, new Layout(base).bool("readOnly", readOnly)));
        }
      }
    }
  }

  private static void addMultis(List<String> rows) throws Exception {
    List<ACL> acl = Ids.OPEN_ACL_UNSAFE;
    byte[] data = {120};
    rows.add(row("MultiRequest", "empty", new MultiOperationRecord()));
    rows.add(row("MultiRequest", "one of each", new MultiOperationRecord(Arrays.asList(
        Op.create("/a", data, acl, CreateMode.PERSISTENT), Op.create("/s-", new byte[0], acl, CreateMode.EPHEMERAL_SEQUENTIAL),
        Op.create("/c", null, Ids.CREATOR_ALL_ACL, CreateMode.CONTAINER),
        Op.create("/t", data, acl, CreateMode.PERSISTENT_WITH_TTL, 5000), Op.delete("/a", -1), Op.setData("/b", data, 7),
        Op.setData("/b", null, -1), Op.check("/\u65e5", 0)))));
    rows.add(row("MultiRequest", "reads", new MultiOperationRecord(Arrays.asList(Op.getData("/a"), Op.getChildren("/")))));
    // 3.8.0 has no Op for create2 but reads one; the request is create's.
    rows.add(row("MultiRequest", "create2", new Layout()
        .op(new MultiHeader(15, false, -1), new CreateRequest("/a", data, acl, 0)).op(new MultiHeader(-1, true, -1), null)));
    Stat stat = (Stat) instance(Stat.class, 0);
    rows.add(row("MultiResponse", "empty", results()));
    rows.add(row("MultiResponse", "one of each", results(
        new OpResult.CreateResult("/a"), new OpResult.CreateResult("/s-0000000000", stat), new OpResult.DeleteResult(),
        new OpResult.SetDataResult(stat), new OpResult.CheckResult(), new OpResult.ErrorResult(-101))));
    rows.add(row("MultiResponse", "failed", results(
        new OpResult.ErrorResult(0), new OpResult.ErrorResult(-110), new OpResult.ErrorResult(-2))));
    rows.add(row("MultiResponse", "reads", results(
        new OpResult.GetDataResult(data, stat), new OpResult.GetDataResult(null, stat),
        new OpResult.GetChildrenResult(Arrays.asList("x", "")), new OpResult.GetChildrenResult(new ArrayList<>()), new OpResult.ErrorResult(-102))));
  }

  private static MultiResponse results(OpResult... results) {
    MultiResponse response = new MultiResponse();
    for (OpResult result : results) response.add(result);
    return response;
  }

  /** One row; `reads` says what Java makes of its own bytes where that is not what it wrote. */
  private static String row(String schema, String name, Record record) throws Exception {
    byte[] bytes = bytes(record);
    String value = tree(record);
    String row = head(schema, name) + "\"value\": " + value + ", \"hex\": \"" + Json.hex(bytes) + "\"";
    if (!(record instanceof Layout)) {
      Record back = record.getClass().getConstructor().newInstance();
      back.deserialize(input(bytes), "back");
      String reads = tree(back);
      if (!reads.equals(value)) row += ", \"reads\": " + reads;
    }
    return row + "}";
  }

  private static byte[] bytes(Record record) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    record.serialize(BinaryOutputArchive.getArchive(new DataOutputStream(bytes)), "record");
    return bytes.toByteArray();
  }

  private static String tree(Record record) throws IOException {
    TreeArchive archive = new TreeArchive();
    record.serialize(archive, "record");
    return Json.of(archive.root.get("record"));
  }

  private static InputArchive input(byte[] bytes) {
    return BinaryInputArchive.getArchive(new DataInputStream(new ByteArrayInputStream(bytes)));
  }

  /** Bytes that no writer makes, and what Java reads from them: a value, or an exception. */
  private static List<String> readings() throws Exception {
    List<String> rows = new ArrayList<>();
    String stat = Json.hex(bytes(instance(Stat.class, 0)));
    reading(rows, "an absent list has any negative count but -1: empty", GetChildrenResponse.class, "fffffffe");
    reading(rows, "the smallest count", GetChildrenResponse.class, "80000000");
    reading(rows, "the smallest count, of records", GetACLResponse.class, "80000000" + stat);
    reading(rows, "a null list", GetChildrenResponse.class, "ffffffff");
    reading(rows, "a count without elements", GetChildrenResponse.class, "00000001");
    reading(rows, "a count far beyond the bytes", GetChildrenResponse.class, "7fffffff00000000");
    reading(rows, "a boolean of 5", ExistsRequest.class, "000000012f05");
    reading(rows, "a boolean of 255", ExistsRequest.class, "000000012fff");
    reading(rows, "a negative string length", GetACLRequest.class, "fffffffe");
    reading(rows, "a string longer than the bytes", GetACLRequest.class, "000000022f");
    reading(rows, "a string of 2^31-1 bytes", GetACLRequest.class, "7fffffff2f");
    reading(rows, "a negative buffer length", GetSASLRequest.class, "80000000");
    reading(rows, "a buffer longer than the bytes", GetSASLRequest.class, "0000000500");
    reading(rows, "half an int", ErrorResponse.class, "0000");
    reading(rows, "no bytes at all", Stat.class, "");
    reading(rows, "one byte short", Stat.class, stat.substring(0, stat.length() - 2));
    return rows;
  }

  private static void reading(List<String> rows, String name, Class<? extends Record> type, String hex) throws Exception {
    Record record = type.getConstructor().newInstance();
    String result;
    try {
      record.deserialize(input(Json.unhex(hex)), "record");
      result = "\"reads\": " + tree(record);
    } catch (IOException refused) {
      result = "\"fails\": " + Json.of(refused.getClass().getSimpleName());
    }
    rows.add(head(type.getSimpleName(), name) + "\"hex\": \"" + hex + "\", " + result + "}");
  }

  private static String head(String schema, String name) {
    return "{\"schema\": " + Json.of(schema) + ", \"name\": " + Json.of(name) + ", ";
  }

  private static void printList(PrintStream out, String name, List<String> rows) {
    out.println("\"" + name + "\": [");
    out.println(String.join(",\n", rows));
    out.println("],");
  }

  private static byte[] everyByte() {
    byte[] bytes = new byte[256];
    for (int i = 0; i < 256; i++) bytes[i] = (byte) i;
    return bytes;
  }

  private static String repeat(String text, int times) {
    return String.join("", Collections.nCopies(times, text));
  }
}
