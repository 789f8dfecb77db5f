import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.jute.OutputArchive;
import org.apache.jute.Record;
import org.apache.zookeeper.MultiOperationRecord;
import org.apache.zookeeper.MultiResponse;
import org.apache.zookeeper.proto.MultiHeader;

/** Collects what a record writes as maps and lists: longs as decimal text, buffers as hex. A multi becomes header and body pairs. */
final class TreeArchive implements OutputArchive {
  final Map<String, Object> root = new LinkedHashMap<>();
  private final Deque<Object> open = new ArrayDeque<>();

  TreeArchive() {
    open.push(root);
  }

  private static boolean isMulti(Record record) {
    return record instanceof MultiOperationRecord || record instanceof MultiResponse
        || (record instanceof Layout && ((Layout) record).isMulti);
  }

  @SuppressWarnings("unchecked")
  private void put(String tag, Object value) {
    if (open.peek() instanceof List) ((List<Object>) open.peek()).add(value);
    else ((Map<String, Object>) open.peek()).put(tag, value);
  }

  @Override @SuppressWarnings("unchecked")
  public void startRecord(Record record, String tag) {
    Map<String, Object> fields = new LinkedHashMap<>();
    if (isMulti(record)) {
      List<Object> items = new ArrayList<>();
      put(tag, items);
      open.push(items);
    } else if (record instanceof MultiHeader && open.peek() instanceof List) {
      Map<String, Object> item = new LinkedHashMap<>();
      item.put("header", fields);
      item.put("body", new LinkedHashMap<String, Object>());
      put(tag, item);
      open.push(fields);
    } else {
      List<Object> items = open.peek() instanceof List ? (List<Object>) open.peek() : null;
      Object last = items == null || items.isEmpty() ? null : items.get(items.size() - 1);
      if (last instanceof Map && ((Map<String, Object>) last).containsKey("header")) ((Map<String, Object>) last).put("body", fields);
      else put(tag, fields);
      open.push(fields);
    }
  }

  @Override
  public void endRecord(Record record, String tag) {
    Object closed = open.pop();
    if (isMulti(record)) ((List<?>) closed).remove(((List<?>) closed).size() - 1); // the end header
  }

  @Override
  public void writeRecord(Record record, String tag) throws IOException {
    record.serialize(this, tag);
  }

  @Override
  public void startVector(List<?> list, String tag) {
    List<Object> items = new ArrayList<>();
    put(tag, list == null ? null : items);
    open.push(items);
  }

  @Override
  public void endVector(List<?> list, String tag) {
    open.pop();
  }

  @Override public void writeBool(boolean value, String tag) { put(tag, value); }
  @Override public void writeInt(int value, String tag) { put(tag, value); }
  @Override public void writeLong(long value, String tag) { put(tag, Long.toString(value)); }
  @Override public void writeString(String value, String tag) { put(tag, value); }
  @Override public void writeBuffer(byte[] value, String tag) { put(tag, value == null ? null : Json.hex(value)); }
  @Override public void writeByte(byte value, String tag) { throw new UnsupportedOperationException("byte"); }
  @Override public void writeFloat(float value, String tag) { throw new UnsupportedOperationException("float"); }
  @Override public void writeDouble(double value, String tag) { throw new UnsupportedOperationException("double"); }
  @Override public void startMap(TreeMap<?, ?> map, String tag) { throw new UnsupportedOperationException("map"); }
  @Override public void endMap(TreeMap<?, ?> map, String tag) { throw new UnsupportedOperationException("map"); }
}
