import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import org.apache.jute.BinaryInputArchive;

/** What jute reads from bytes that are no UTF-8. */
final class MalformedText {
  private MalformedText() {}

  /** One byte of every class that a UTF-8 decoder may tell apart. */
  private static final int[] CLASSES = {
      0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3,
      0xf4, 0xf5, 0xff};

  /** Short malformed texts one by one, for reading. */
  static List<String> picked() throws IOException {
    List<String> rows = new ArrayList<>();
    String[] picked = {
        "c080", "e08080", "eda080", "edbfbf", "eda0bdedb880", "eda0", "ed", "eda041", "ed41", "f09f9880", "f09f98", "f09f",
        "f0", "f0808080", "f4908080", "f5808080", "f8888080af", "fc8480808080", "fe", "ff", "e282ac", "e282", "e28241", "e2",
        "c2", "c241", "80", "bf80", "41c0418041", "f09f41", "f09f9841", "efbbbf41", "efbfbd", "efbfbf", "ed9fbf", "ee8080",
        "e0a080", "e09f80", "f0eda080", "e2eda080", "c2eda080", "efbfbdeda080", "f48fbfbf"};
    for (String hex : picked) rows.add("{\"hex\": \"" + hex + "\", \"text\": " + Json.of(text(Json.unhex(hex))) + "}");
    return rows;
  }

  /** A digest over what Java reads from every sequence of one to four bytes of CLASSES, in counting order: SHA-256 of the texts, each
   *  followed by a line feed, as UTF-16LE. `joined` is the same over one text of all those sequences behind each other. */
  static String every() throws Exception {
    MessageDigest each = MessageDigest.getInstance("SHA-256");
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    int sequences = 0;
    for (int length = 1; length <= 4; length++) {
      int[] digits = new int[length];
      boolean more = true;
      while (more) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) bytes[i] = (byte) CLASSES[digits[i]];
        each.update((text(bytes) + "\n").getBytes(StandardCharsets.UTF_16LE));
        joined.write(bytes);
        sequences++;
        int at = length - 1;
        while (at >= 0 && ++digits[at] == CLASSES.length) digits[at--] = 0;
        more = at >= 0;
      }
    }
    byte[] whole = (text(joined.toByteArray()) + "\n").getBytes(StandardCharsets.UTF_16LE);
    StringBuilder classes = new StringBuilder();
    for (int lead : CLASSES) classes.append(String.format("%02x", lead));
    return "{\"classes\": \"" + classes + "\", \"sequences\": " + sequences + ", \"each\": \"" + Json.hex(each.digest())
        + "\", \"joined\": \"" + Json.hex(MessageDigest.getInstance("SHA-256").digest(whole)) + "\"}";
  }

  /** What jute's readString makes of the bytes. */
  private static String text(byte[] bytes) throws IOException {
    ByteArrayOutputStream framed = new ByteArrayOutputStream();
    new DataOutputStream(framed).writeInt(bytes.length);
    framed.write(bytes);
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(framed.toByteArray()));
    return new BinaryInputArchive(in, bytes.length + 4, 0).readString("text");
  }
}
