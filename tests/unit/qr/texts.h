/* What the image tests encode. */
#ifndef TWOFOLD_TESTS_UNIT_QR_TEXTS_H
#define TWOFOLD_TESTS_UNIT_QR_TEXTS_H

#define TEXT_USUAL                                                                         \
    "otpauth://totp/Acme%20Co:alice%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" \
    "&issuer=Acme%20Co&algorithm=SHA1&digits=6&period=30"
#define TEXT_HOSTILE "</svg><script>alert('q')</script><!-- \" ]]> & -->"

#endif
