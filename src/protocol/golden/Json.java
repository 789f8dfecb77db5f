import java.util.List;
import java.util.Map;

/** JSON and hex for golden.json. */
final class Json {
  private Json() {}

  /** Maps, lists, text, numbers and booleans as JSON in ASCII; each UTF-16 unit beyond it escaped on its own. */
  static String of(Object value) {
    StringBuilder out = new StringBuilder();
    if (value instanceof Map) {
      for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
        out.append(out.length() == 0 ? "" : ", ").append(of(entry.getKey())).append(": ").append(of(entry.getValue()));
      }
      return "{" + out + "}";
    }
    if (value instanceof List) {
      for (Object item : (List<?>) value) out.append(out.length() == 0 ? "" : ", ").append(of(item));
      return "[" + out + "]";
    }
    if (!(value instanceof String)) return String.valueOf(value);
    for (char unit : ((String) value).toCharArray()) {
      if (unit >= 0x20 && unit < 0x7f && unit != '"' && unit != '\\') out.append(unit);
      else out.append(String.format("\\u%04x", (int) unit));
    }
    return "\"" + out + "\"";
  }

  static String hex(byte[] bytes) {
    StringBuilder out = new StringBuilder();
    for (byte each : bytes) out.append(String.format("%02x", each));
    return out.toString();
  }

  static byte[] unhex(String hex) {
    byte[] bytes = new byte[hex.length() / 2];
    for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
    return bytes;
  }
}
