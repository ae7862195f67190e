"""What an authenticator app shows (RFC 6238), with nothing but Python 3.

    echo GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ | python3 totp.py

A line of standard input is SECRET,ALGORITHM,DIGITS,PERIOD,TIME; all but the secret may be left out. Without a
time it is the next code that was not shown yet, so the same line again gives another code.
"""
import base64
import hmac
import struct
import sys
import time


def totp(secret, at, algorithm="SHA1", digits=6, period=30):
    step = struct.pack(">Q", int(at) // period)
    mac = hmac.new(base32(secret), step, algorithm).digest()
    start = mac[-1] & 15
    number = struct.unpack(">I", mac[start:start + 4])[0] & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def base32(text):
    """As people write it: small or capital letters, with or without spaces, dashes and the "=" at the end."""
    letters = "".join(text.split()).replace("-", "").rstrip("=")
    if not letters:
        raise ValueError("there is no secret")
    return base64.b32decode(letters + "=" * (-len(letters) % 8), casefold=True)


class Authenticator:
    """One user's app. A code is good once, so each is shown once: that of now, then that of the next step, which
    the service takes as well (skew_steps 1); for a third one it waits, for a step at most."""

    def __init__(self, secret, algorithm="SHA1", digits=6, period=30):
        self.secret, self.algorithm, self.digits, self.period = secret, algorithm, digits, period
        self.last = -1

    def code(self):
        self.last = max(self.last + 1, self.now())
        while self.last > self.now() + 1:
            time.sleep(0.1)
        return totp(self.secret, self.last * self.period, self.algorithm, self.digits, self.period)

    def now(self):
        return int(time.time()) // self.period


def main():
    apps = {}
    for line in map(str.strip, sys.stdin):
        secret, algorithm, digits, period, at = (line + ",,,,").split(",")[:5]
        how = algorithm or "SHA1", int(digits or 6), int(period or 30)
        app = apps.setdefault(line, Authenticator(secret, *how))
        print(totp(secret, at, *how) if at else app.code(), flush=True)


if __name__ == "__main__":
    main()
