import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.apache.jute.InputArchive;
import org.apache.jute.OutputArchive;
import org.apache.jute.Record;
import org.apache.zookeeper.proto.MultiHeader;

/** A body for which this version has no class: fields in order, or headers and bodies of a multi. */
final class Layout implements Record {
  private interface Part {
    void write(OutputArchive archive) throws IOException;
  }

  private final List<Part> parts = new ArrayList<>();
  boolean isMulti = false;

  Layout() {}

  /** Begins with the fields of another record. */
  Layout(Record base) {
    parts.add(archive -> base.serialize(archive instanceof TreeArchive ? inlined((TreeArchive) archive) : archive, "base"));
  }

  /** An archive that puts a record's fields into the record that is open already. */
  private static OutputArchive inlined(TreeArchive outer) {
    return (OutputArchive) Proxy.newProxyInstance(
        Layout.class.getClassLoader(), new Class<?>[] {OutputArchive.class},
        (proxy, method, args) -> method.getName().endsWith("Record") ? null : method.invoke(outer, args));
  }

  Layout bool(String tag, boolean value) {
    parts.add(archive -> archive.writeBool(value, tag));
    return this;
  }

  Layout string(String tag, String value) {
    parts.add(archive -> archive.writeString(value, tag));
    return this;
  }

  Layout op(MultiHeader header, Record body) {
    isMulti = true;
    parts.add(archive -> header.serialize(archive, "op"));
    if (body != null) parts.add(archive -> body.serialize(archive, "op"));
    return this;
  }

  @Override
  public void serialize(OutputArchive archive, String tag) throws IOException {
    archive.startRecord(this, tag);
    for (Part part : parts) part.write(archive);
    archive.endRecord(this, tag);
  }

  @Override
  public void deserialize(InputArchive archive, String tag) {
    throw new UnsupportedOperationException("written only");
  }
}
