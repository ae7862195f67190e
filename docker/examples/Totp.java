// What an authenticator app shows (RFC 6238), with nothing but the JDK (11 or newer).
//
//   echo GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ | java Totp.java
//
// A line of standard input is SECRET,ALGORITHM,DIGITS,PERIOD,TIME; all but the secret may be left out. Without a
// time it is the next code that was not shown yet, so the same line again gives another code.
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public final class Totp {
    private final String secret, algorithm;
    private final int digits, period;
    private long last = -1;

    // ALGORITHM is SHA1, SHA256 or SHA512.
    public Totp(String secret, String algorithm, int digits, int period) {
        this.secret = secret;
        this.algorithm = algorithm;
        this.digits = digits;
        this.period = period;
    }

    public String at(long time) throws Exception {
        Mac mac = Mac.getInstance("Hmac" + algorithm);
        mac.init(new SecretKeySpec(base32(secret), "RAW"));
        byte[] step = ByteBuffer.allocate(8).putLong(time / period).array();
        ByteBuffer sum = ByteBuffer.wrap(mac.doFinal(step));
        int number = sum.getInt(sum.get(sum.capacity() - 1) & 15) & 0x7fffffff;
        return String.format(Locale.ROOT, "%0" + digits + "d", number % (int) Math.pow(10, digits));
    }

    // As people write it: small or capital letters, with or without spaces, dashes and the "=" at the end.
    private static byte[] base32(String text) {
        String letters = text.toUpperCase(Locale.ROOT).replaceAll("[\\s-]|=+\\s*$", "");
        if (!letters.matches("[A-Z2-7]+")) throw new IllegalArgumentException("the secret is not base32");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int bits = 0, held = 0;
        for (char letter : letters.toCharArray()) {
            held = (held << 5 | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter)) & 0xfff;
            bits += 5;
            if (bits >= 8) bytes.write(held >> (bits -= 8));
        }
        return bytes.toByteArray();
    }

    // One user's app. A code is good once, so each is shown once: that of now, then that of the next step, which
    // the service takes as well (skew_steps 1); for a third one it waits, for a step at most.
    public synchronized String code() throws Exception {
        last = Math.max(last + 1, now());
        while (last > now() + 1) Thread.sleep(100);
        return at(last * period);
    }

    private long now() {
        return System.currentTimeMillis() / 1000 / period;
    }

    public static void main(String[] none) throws Exception {
        Map<String, Totp> apps = new HashMap<>();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null;) {
            String[] field = (line + ",,,,").split(",", -1);
            Totp app = apps.computeIfAbsent(line, key -> new Totp(field[0],
                field[1].isEmpty() ? "SHA1" : field[1],
                field[2].isEmpty() ? 6 : Integer.parseInt(field[2]),
                field[3].isEmpty() ? 30 : Integer.parseInt(field[3])));
            System.out.println(field[4].isEmpty() ? app.code() : app.at(Long.parseLong(field[4])));
        }
    }
}
